import { createHmac } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Database } from '../database/client.js'
import { isTaken, type SignedPosts, secretPrefix } from '../outbound/signed-post.js'
import { present, runColumns, runRow } from './rows.js'

/** Waits before the second try and those after it; then it is given up. */
const retryAfterMs = [5000, 30_000, 120_000, 600_000, 3_600_000] as const
/** Of one turn; a receiver that is slow must not make all others wait. */
const atOnce = 16

const due = runRow.extend({ callbackUrl: z.string(), callbackTries: z.number() })

/**
 * Tells results to those who asked for it, by POST, signed, until they take it or it was tried often enough. Those of students are
 * told to nobody: with a body of their choice, signed with the secret of the tenant, they could speak for it.
 */
export class Callbacks {
  constructor(
    private readonly database: Database,
    private readonly secret: string,
    private readonly posts: SignedPosts,
    private readonly log: Logger,
  ) {}

  /** What a tenant checks signatures with. */
  secretOf(tenantId: string): string {
    const bytes = createHmac('sha256', this.secret).update(`callback ${tenantId}`).digest()
    return `${secretPrefix}${bytes.toString('base64')}`
  }

  /** @throws ApiError `invalid_request` for an address that leads into this host's network */
  check(url: string): Promise<void> {
    return this.posts.check(url, 'callbackUrl')
  }

  /** Tells what is due. */
  async deliver(): Promise<void> {
    for (;;) {
      // The next try is noted before this one: a server that dies in between tells it once more, not never.
      const { rows } = await this.database.pool.query(
        `UPDATE run SET "callbackTries" = "callbackTries" + 1,
           "callbackAt" = now() AT TIME ZONE 'UTC' + ($1::int[])[least("callbackTries" + 1, ${retryAfterMs.length})] * interval '1 ms'
         WHERE id IN (SELECT id FROM run WHERE "callbackAt" <= now() AT TIME ZONE 'UTC' AND "ownerId" = ''
                      ORDER BY "callbackAt" LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
         RETURNING ${runColumns}, "callbackUrl", "callbackTries"`,
        [[...retryAfterMs]],
      )
      if (rows.length === 0) return
      await Promise.all(rows.map((row) => this.#tell(due.parse(row))))
    }
  }

  async #tell(row: z.infer<typeof due>): Promise<void> {
    const message = { id: row.id, body: JSON.stringify(present(row)), secrets: [this.secretOf(row.tenantId)] }
    try {
      const answer = await this.posts.post(row.callbackUrl, message)
      if (!isTaken(answer)) throw new Error(`${new URL(row.callbackUrl).hostname} answered ${answer.status}`)
    } catch (error) {
      if (row.callbackTries <= retryAfterMs.length) return
      this.log.info({ err: error, run: row.id }, 'the result of a run could not be told, and is not any more')
    }
    await this.database.pool.query('UPDATE run SET "callbackAt" = NULL WHERE id = $1', [row.id])
  }
}
