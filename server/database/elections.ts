import type pg from 'pg'
import type { Logger } from '../../common/log.js'
import { every } from '../../common/timers.js'

/** A server that has not said for so long that it is at a chore has died, or hangs. */
const leaseSeconds = 10
const renewMs = 3000

const hold = `
  INSERT INTO chore AS known (name, holder, "heldUntil")
  VALUES ($1, $2, now() AT TIME ZONE 'UTC' + interval '${leaseSeconds} seconds')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, "heldUntil" = excluded."heldUntil"
  WHERE known.holder = excluded.holder OR known."heldUntil" < now() AT TIME ZONE 'UTC'
  RETURNING name`

/**
 * Chores that one server at a time does: whoever holds a chore's row. A row with a lease, not an advisory lock: a process
 * that is stopped (SIGSTOP) would keep a lock for as long as its connection is open. Such a process may go on in the
 * middle of a chore that another one has by then, so each chore must be right when two do it at once; the election saves
 * work, and proves nothing.
 */
export class Elections implements AsyncDisposable {
  constructor(
    private readonly pool: pg.Pool,
    /** Id of this server. */
    private readonly server: string,
    private readonly log: Logger,
  ) {}

  /** Whether this server has the chore, for the next ten seconds. */
  async hold(name: string): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      ...{ name: 'hold-chore', text: hold, values: [name, this.server] },
    })
    return rowCount === 1
  }

  /** Does a chore unless another server has it. */
  async run(name: string, act: () => Promise<void>): Promise<void> {
    if (!(await this.hold(name))) return
    using _renewal = every(renewMs, `holding on to ${name}`, this.log, () => this.hold(name))
    await act()
  }

  /** Leaves every chore to the others at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.query('DELETE FROM chore WHERE holder = $1', [this.server]).catch(() => {}) // it ends by itself
  }
}
