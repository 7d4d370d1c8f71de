import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { SandboxService } from '../sandboxes/service.js'
import { type Exclusions, exclusionsOf } from './exclusions.js'
import { refusalOf } from './largest.js'
import { readHome, type Taken, TooMuch } from './read.js'

const home = '/home/user'
/** A home directory of what may be handed in is read within a second. */
const patienceMs = 60_000

/** Reads what a home directory holds of what is handed in, of a sandbox in any state. */
export class HomeReader {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /** @throws ApiError `payload_too_large`, `runtime_unavailable` */
  async read(who: Principal, sandbox: string, assignmentId: string): Promise<Taken> {
    const node = await this.sandboxes.authorize(who, 'file.read', sandbox)
    const { rows } = await this.database.pool.query<{ path: string }>(
      `SELECT path FROM assignment_file WHERE "assignmentId" = $1 AND kind = 'starter'`,
      [assignmentId],
    )
    const exclusions = exclusionsOf(rows.map(({ path }) => path))
    try {
      return await this.#archive(node, sandbox, exclusions)
    } catch (error) {
      throw error instanceof TooMuch ? await refusalOf(error, node, sandbox, exclusions) : error
    }
  }

  async #archive(node: RuntimeClient, sandbox: string, exclusions: Exclusions): Promise<Taken> {
    const late = AbortSignal.timeout(patienceMs)
    const query = { path: home, handIn: exclusions.names.join('/') }
    const stream = await node.stream('GET', `/sandboxes/${sandbox}/archive`, query, undefined, late)
    const end = () =>
      void stream.destroy(new ApiError('conflict', 'the files took too long to read; try again'))
    late.addEventListener('abort', end)
    try {
      return await readHome(stream, exclusions)
    } finally {
      late.removeEventListener('abort', end)
      stream.destroy()
    }
  }
}
