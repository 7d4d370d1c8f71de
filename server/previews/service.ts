import type { ListeningPort } from '../../protocol/api/index.js'
import { listeningPorts } from '../../protocol/node/index.js'
import type { Principal } from '../auth/principal.js'
import type { SandboxService } from '../sandboxes/service.js'

/** The ports of sandboxes. */
export class PortService {
  constructor(private readonly sandboxes: SandboxService) {}

  /** What listens there now. One that does not run has nothing that listens. */
  async list(who: Principal, sandboxId: string): Promise<ListeningPort[]> {
    const node = await this.sandboxes.authorize(who, 'port.read', sandboxId)
    return (await node.ask('GET', `/sandboxes/${sandboxId}/ports`, listeningPorts)).ports
  }
}
