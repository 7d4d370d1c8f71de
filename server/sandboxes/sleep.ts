import type { Logger } from 'pino'
import { stopSandbox } from '../../protocol/api/index.js'
import { runtimeSandbox } from '../../protocol/node/index.js'
import { type Database, inTransaction } from '../database/client.js'
import { type Notices, tell } from '../database/notices.js'
import type { ServerNode } from '../nodes/node.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Row } from './ownership.js'

/** As the sleep itself needs it; times are compared by the clock of the database. */
interface Due {
  readonly id: string
  readonly tenantId: string
  readonly how: 'paused' | 'stopped'
}

/** What is due for how much sleep: a pause first, and an end of its processes much later. */
const due = `
  SELECT id, "tenantId", how FROM (
    SELECT id, "tenantId", state, asleep, CASE
      WHEN "activeAt" < now() AT TIME ZONE 'UTC' - make_interval(secs => (idle->>'stopAfterSeconds')::FLOAT8) THEN 'stopped'
      WHEN "activeAt" < now() AT TIME ZONE 'UTC' - make_interval(secs => (idle->>'pauseAfterSeconds')::FLOAT8) THEN 'paused'
    END AS how
    FROM sandbox WHERE "deletedAt" IS NULL AND idle IS NOT NULL AND "nodeId" = $1) AS idle
  WHERE ((state = 'running' AND how IS NOT NULL)
    OR (asleep IS NOT NULL AND how = 'stopped' AND state <> 'stopped'))`

/** Puts sandboxes to sleep that nothing uses, as their policies say, and wakes them when they are used again. */
export class Sleep {
  /** Those that are asleep, as far as this server has heard: only these are looked at in the database when they are used. */
  readonly #asleep = new Set<string>()
  /** Those that are being woken, so that many calls at once wake a sandbox once. */
  readonly #waking = new Map<string, Promise<void>>()

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    notices: Notices,
    /** Starts one that was stopped, with what its quota needs. */
    private readonly start: (id: string) => Promise<void>,
    /** Told of one that was paused, and runs. */
    private readonly woken: (row: Row) => Promise<unknown>,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'asleep') this.#hear(told.id, told.asleep)
      if (told.type === 'sandbox') this.#asleep.delete(told.id)
    })
    notices.on('missed', () => void this.learn().catch(() => {})) // calls that meet one that sleeps wake it later
  }

  /** Reads who is asleep. For the beginning, and for when nobody knows what was told in between. */
  async learn(): Promise<void> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      'SELECT id FROM sandbox WHERE asleep IS NOT NULL AND "deletedAt" IS NULL',
    )
    this.#asleep.clear()
    for (const { id } of rows) this.#asleep.add(id)
  }

  /** Puts those of a node to sleep whose time has come. */
  async fall(node: ServerNode, log: Logger): Promise<void> {
    const { rows } = await this.database.pool.query<Due>(`${due} LIMIT 100`, [node.id])
    const ends = await Promise.allSettled(rows.map((one) => this.#fall(node, one)))
    for (const [at, end] of ends.entries()) {
      if (end.status === 'rejected')
        log.warn({ err: end.reason, id: rows[at]?.id }, 'an idle sandbox stays awake')
    }
  }

  /**
   * Wakes one that is asleep; nothing happens to any other.
   * @throws ApiError `quota_exceeded` when there is no room for one that was stopped; as the node refuses
   */
  async wake(id: string): Promise<void> {
    if (this.#asleep.has(id)) await this.rouse(id)
  }

  /** The same, whatever this server has heard. */
  rouse(id: string): Promise<void> {
    const known = this.#waking.get(id)
    if (known !== undefined) return known
    const waking = this.#wake(id).finally(() => this.#waking.delete(id))
    this.#waking.set(id, waking)
    return waking
  }

  /** The node says what there is to do: whoever put it to sleep may have died halfway. */
  async #wake(id: string): Promise<void> {
    const row = await this.database.prisma.sandbox.findUnique({ where: { id } })
    if (row === null || row.deletedAt !== null || row.asleep === null) return this.#hear(id, false)
    const node = await this.nodes.reach(row.nodeId)
    const found = await inTransaction(this.database.pool, async (client) => {
      const { rows } = await client.query(
        'SELECT FROM sandbox WHERE id = $1 AND asleep IS NOT NULL FOR UPDATE',
        [id],
      )
      if (rows.length === 0) return 'awake'
      const seen = await node.get(id)
      const { state, failure } = seen.state === 'paused' ? await node.act(id, 'resume') : seen
      await client.query(
        `UPDATE sandbox SET state = $2, failure = $3, asleep = CASE WHEN $2 = 'stopped' THEN asleep END,
           "activeAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`,
        [id, state, failure],
      )
      return state
    })
    if (found === 'awake') return this.#hear(id, false)
    if (found === 'stopped') await this.start(id)
    else await this.woken(row)
    await this.#told(id, false)
    await this.#audit(row, 'sandbox.wake')
  }

  /**
   * The mark comes first: whoever uses it from then on wakes it, also when this server dies before the rest is done, which
   * the next round does again. Both steps hold a lock of the row: whoever wakes it does so before, between or after.
   */
  async #fall(node: ServerNode, { id, tenantId, how }: Due): Promise<void> {
    const { pool } = this.database
    const marked = await inTransaction(pool, async (client) => {
      const { rows } = await client.query<Due>(`${due} AND id = $2 FOR UPDATE`, [node.id, id])
      if (rows[0]?.how !== how) return false
      await client.query('UPDATE sandbox SET asleep = $2 WHERE id = $1', [id, how])
      return true
    })
    if (!marked) return
    await this.#told(id, true)
    const fell = await inTransaction(pool, async (client) => {
      const asleep = 'SELECT FROM sandbox WHERE id = $1 AND asleep = $2 AND "deletedAt" IS NULL FOR UPDATE'
      if ((await client.query(asleep, [id, how])).rowCount === 0) return false
      const { state } = await (how === 'paused'
        ? node.runtime.act(id, 'pause')
        : node.runtime.ask('POST', `/sandboxes/${id}/stop`, runtimeSandbox, {}, stopSandbox.parse({})))
      await client.query('UPDATE sandbox SET state = $2 WHERE id = $1', [id, state])
      return true
    })
    if (fell) await this.#audit({ id, tenantId }, 'sandbox.sleep', { how })
  }

  async #told(id: string, asleep: boolean): Promise<void> {
    this.#hear(id, asleep)
    await tell(this.database.pool, { type: 'asleep', id, asleep })
  }

  async #audit({ id, tenantId }: { id: string; tenantId: string }, action: string, detail = {}) {
    await this.database.prisma.auditEvent.create({
      data: { tenantId, actor: 'cloche', action, target: id, detail },
    })
  }

  #hear(id: string, asleep: boolean): void {
    if (asleep) this.#asleep.add(id)
    else this.#asleep.delete(id)
  }
}
