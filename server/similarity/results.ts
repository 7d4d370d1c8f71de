import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { similarFragment, similarPair } from './messages.js'

/** Longer than any comparison takes: what a server has left behind, another one does then. */
const leaseSeconds = 180
const lookEveryMs = 500
const patienceMs = 300_000

/** What is kept of a comparison: submissions by id, since names change. */
export const storedResult = z.object({
  pairs: z.array(
    similarPair.omit({ one: true, other: true }).extend({
      ...{ one: z.string(), other: z.string() },
      fragments: z.array(similarFragment),
    }),
  ),
  ...{ compared: z.number(), handInsLeftOut: z.number(), pairCount: z.number() },
  short: z.array(z.string()),
  shortCount: z.number(),
  skipped: z.array(
    z.object({
      ...{ submission: z.string(), path: z.string() },
      why: z.enum(['binary', 'long', 'bound', 'generated']),
    }),
  ),
  skippedCount: z.number(),
})
export type StoredResult = z.infer<typeof storedResult>

/** Results by the key of what was compared; one for each assignment, computed by one server at a time. */
export class SimilarityResults {
  constructor(private readonly database: Database) {}

  async find(assignmentId: string, key: string): Promise<{ result: StoredResult; at: Date } | undefined> {
    const { rows } = await this.database.pool.query<{ report: unknown; at: Date }>(
      'SELECT report, at FROM assignment_similarity WHERE "assignmentId" = $1 AND key = $2 AND report IS NOT NULL',
      [assignmentId, key],
    )
    const [row] = rows
    // One of another version of Cloche is computed again.
    const result = storedResult.safeParse(row?.report).data
    return row === undefined || result === undefined ? undefined : { result, at: row.at }
  }

  /**
   * The result that is kept, or a new one. While another server computes one, this waits for it.
   * @param keyNow of what there is to compare now
   * @throws ApiError `conflict` when it takes too long
   */
  async findOrMake(
    assignmentId: string,
    keyNow: () => Promise<string>,
    make: () => Promise<{ key: string; result: StoredResult }>,
  ): Promise<{ result: StoredResult; at: Date }> {
    const giveUpAt = performance.now() + patienceMs
    const holder = randomUUID()
    for (;;) {
      const known = await this.find(assignmentId, await keyNow())
      if (known !== undefined) return known
      if (await this.#lease(assignmentId, holder)) return this.#make(assignmentId, holder, make)
      if (performance.now() > giveUpAt) {
        throw new ApiError('conflict', 'the hand-ins are being compared; try again in a minute', 60)
      }
      await sleep(lookEveryMs)
    }
  }

  async #make(
    assignmentId: string,
    holder: string,
    make: () => Promise<{ key: string; result: StoredResult }>,
  ): Promise<{ result: StoredResult; at: Date }> {
    try {
      const { key, result } = await make()
      const { rows } = await this.database.pool.query<{ at: Date }>(
        `UPDATE assignment_similarity
         SET key = $3, report = $4, at = now() AT TIME ZONE 'UTC', holder = NULL, "leaseUntil" = NULL
         WHERE "assignmentId" = $1 AND holder = $2 RETURNING at`,
        [assignmentId, holder, key, JSON.stringify(result)],
      )
      // Where something was deleted meanwhile, nothing is kept.
      return { result, at: rows[0]?.at ?? new Date() }
    } catch (error) {
      await this.database.pool
        .query(
          'UPDATE assignment_similarity SET holder = NULL, "leaseUntil" = NULL WHERE "assignmentId" = $1 AND holder = $2',
          [assignmentId, holder],
        )
        .catch(() => {}) // the lease ends by itself
      throw error
    }
  }

  async #lease(assignmentId: string, holder: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `INSERT INTO assignment_similarity AS known ("assignmentId", holder, "leaseUntil")
       SELECT id, $2, now() AT TIME ZONE 'UTC' + interval '${leaseSeconds} seconds' FROM assignment WHERE id = $1
       ON CONFLICT ("assignmentId") DO UPDATE SET holder = excluded.holder, "leaseUntil" = excluded."leaseUntil"
       WHERE known."leaseUntil" IS NULL OR known."leaseUntil" < now() AT TIME ZONE 'UTC'
       RETURNING "assignmentId"`,
      [assignmentId, holder],
    )
    return rowCount === 1
  }
}
