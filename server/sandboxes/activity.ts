import type { Database } from '../database/client.js'

/** Something open, whose end is heard. */
export interface Open {
  readonly destroyed: boolean
  once(event: 'close', heard: () => void): unknown
}

/**
 * Which sandboxes this server sees in use: calls are about them, or somebody is attached. What programs inside do by
 * themselves, metering sees. It is gathered here for a few seconds and then written down, so that no call waits for it.
 */
export class Activity {
  readonly #used = new Set<string>()
  /** How many lines, streams and connections are open to each. */
  readonly #attached = new Map<string, number>()

  constructor(private readonly database: Database) {}

  /** A call is about it. */
  use(id: string): void {
    this.#used.add(id)
  }

  /** Whether this server has seen it in use, and not written that down yet. */
  isUsed(id: string): boolean {
    return this.#used.has(id) || this.#attached.has(id)
  }

  /** A person keeps it awake: the same, written down at once. @returns as `record` */
  async noteUse(id: string): Promise<string[]> {
    this.#used.delete(id)
    return this.#write([id])
  }

  /** It is in use until `open` closes. */
  attach(id: string, open: Open): void {
    this.#used.add(id)
    if (open.destroyed) return
    this.#attached.set(id, (this.#attached.get(id) ?? 0) + 1)
    open.once('close', () => {
      const left = (this.#attached.get(id) ?? 1) - 1
      if (left > 0) this.#attached.set(id, left)
      else this.#attached.delete(id)
      this.#used.add(id)
    })
  }

  /** Writes it down for those that may be put to sleep, and for those of students, whose teachers see it. @returns those of them that are asleep all the same: they fell asleep as their use began */
  async record(): Promise<string[]> {
    const ids = [...new Set([...this.#used, ...this.#attached.keys()])]
    this.#used.clear()
    return ids.length === 0 ? [] : this.#write(ids)
  }

  async #write(ids: readonly string[]): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      `WITH used AS (
         UPDATE sandbox SET "activeAt" = now() AT TIME ZONE 'UTC'
         WHERE id = ANY($1) AND "deletedAt" IS NULL AND (idle IS NOT NULL OR asleep IS NOT NULL OR "ownerId" <> '')
         RETURNING id, asleep)
       SELECT id FROM used WHERE asleep IS NOT NULL`,
      [ids],
    )
    return rows.map(({ id }) => id)
  }
}
