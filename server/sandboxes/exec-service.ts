import type { ExecRequest } from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { FrameStream } from '../runtime-client/frame-stream.js'
import type { SandboxService } from './service.js'

/** Commands in sandboxes. */
export class ExecService {
  constructor(
    private readonly runtime: RuntimeClient,
    private readonly sandboxes: SandboxService,
  ) {}

  /**
   * Runs a command. Its frames come as it writes, `exit` last.
   * @param aborted kills the command, as destroying the stream does
   */
  async start(who: Principal, id: string, wanted: ExecRequest, aborted: AbortSignal): Promise<FrameStream> {
    await this.sandboxes.authorize(who, 'exec.start', id)
    return this.runtime.exec(id, wanted, aborted)
  }
}
