import type { ExecRequest } from '../../protocol/api/index.js'
import { audit, commandDetail } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { FrameStream } from '../runtime-client/frame-stream.js'
import type { SandboxService } from './service.js'

/** Commands in sandboxes. */
export class ExecService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /**
   * Runs a command. Its frames come as it writes, `exit` last.
   * @param aborted kills the command, as destroying the stream does
   */
  async start(who: Principal, id: string, wanted: ExecRequest, aborted: AbortSignal): Promise<FrameStream> {
    const node = await this.sandboxes.authorize(who, 'exec.start', id)
    // Before it runs: also one whose end nobody hears of was begun by somebody.
    if (who.auditsCommands || (await this.sandboxes.isGuest(who, id)))
      await audit(this.database.prisma, who, 'exec.start', id, commandDetail(wanted))
    const stream = await node.exec(id, wanted, aborted)
    this.sandboxes.activity.attach(id, stream)
    return stream
  }
}
