import { z } from 'zod'
import type { Database } from '../database/client.js'

const now = `now() AT TIME ZONE 'UTC'`
/** Waits after the first try and those after it; then it is given up, and the teacher can send it again. */
const retryAfterSeconds = [2, 10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400] as const
/** Whoever took some is done with them, or has died. */
export const leaseSeconds = 90
/** Of one platform, and of all, in one turn. */
const [ofPlatform, atOnce] = [25, 200]

const dueScore = z.object({
  ...{ linkId: z.string(), userId: z.string(), points: z.number().nullable(), maxPoints: z.number() },
  ...{ comment: z.string(), tries: z.number(), lease: z.number(), subject: z.string() },
  ...{ platformId: z.string(), clientId: z.string(), tokenUrl: z.string() },
  ...{ lineItemUrl: z.string().nullable(), lineItemsUrl: z.string().nullable() },
  ...{ assignmentId: z.string(), title: z.string(), resourceLinkId: z.string() },
  /** When it was taken: of two that are sent the platform keeps the later one. */
  at: z.date(),
})
export type DueScore = z.infer<typeof dueScore>

/** A score as it should be at the platform. */
export interface WantedScore {
  readonly userId: string
  /** Null takes back what was told before. */
  readonly points: number | null
  readonly maxPoints: number
  readonly comment: string
}

/**
 * The rows of scores: what platforms are to be told, the newest only. Every change counts `lease` up, so that whoever sends an older one
 * cannot write down that the newer one was sent.
 */
export class ScoreRows {
  constructor(private readonly database: Database) {}

  /** Those that are due, a few of each platform. The next try is noted before this one: a server that dies sends it again, not never. */
  async take(): Promise<DueScore[]> {
    const { rows } = await this.database.pool.query(
      `UPDATE lti_score AS one SET lease = lease + 1, tries = tries + 1, "notBefore" = ${now} + interval '${leaseSeconds} seconds'
       FROM lti_link AS link JOIN lti_course AS course ON course.id = link."courseId"
         JOIN lti_platform AS platform ON platform.id = course."platformId" JOIN assignment ON assignment.id = link."assignmentId",
         lti_account AS account
       WHERE one."linkId" = link.id AND one.state = 'due' AND one."notBefore" <= ${now}
         AND account."userId" = one."userId" AND account."tenantId" = platform."tenantId" AND account.issuer = platform.issuer
         AND (one."linkId", one."userId") IN (
           SELECT "linkId", "userId" FROM (
             SELECT due."linkId", due."userId", due."notBefore",
               row_number() OVER (PARTITION BY its."platformId" ORDER BY due."notBefore", due."linkId", due."userId") AS at
             FROM lti_score AS due JOIN lti_link AS its_link ON its_link.id = due."linkId"
               JOIN lti_course AS its ON its.id = its_link."courseId"
             WHERE due.state = 'due' AND due."notBefore" <= ${now}) AS each
           WHERE at <= ${ofPlatform} ORDER BY "notBefore" LIMIT ${atOnce})
       RETURNING one."linkId", one."userId", one.points, one."maxPoints", one.comment, one.tries, one.lease, account.subject,
         platform.id AS "platformId", platform."clientId", platform."tokenUrl", link."lineItemUrl", course."lineItemsUrl",
         link."assignmentId", assignment.title, link."resourceLinkId", clock_timestamp() AS at`,
    )
    return rows.map((row) => dueScore.parse(row))
  }

  async sent(score: DueScore): Promise<void> {
    await this.#end(score, `state = 'sent', tries = 0, "sentAt" = ${now}, message = NULL`)
  }

  /** It is tried again later, or was tried often enough. */
  async failed(score: DueScore, message: string): Promise<void> {
    const pause = retryAfterSeconds[score.tries - 1]
    const next =
      pause === undefined ? `state = 'failed'` : `"notBefore" = ${now} + interval '${pause} seconds'`
    await this.#end(score, `${next}, message = $4`, message.slice(0, 500))
  }

  /** It was not tried: the next turn does. */
  async released(score: DueScore): Promise<void> {
    await this.#end(score, `tries = tries - 1, "notBefore" = ${now}`)
  }

  /** Stores what is to be told, where that is something else than before. */
  async want(linkId: string, scores: readonly WantedScore[]): Promise<void> {
    if (scores.length === 0) return
    await this.database.pool.query(
      `INSERT INTO lti_score AS known ("linkId", "userId", points, "maxPoints", comment, state, "notBefore")
       SELECT $1, "userId", points, "maxPoints", comment, 'due', ${now}
       FROM jsonb_to_recordset($2::JSONB) AS one("userId" TEXT, points FLOAT8, "maxPoints" FLOAT8, comment TEXT)
       WHERE points IS NOT NULL OR EXISTS (SELECT FROM lti_score WHERE "linkId" = $1 AND "userId" = one."userId")
       ON CONFLICT ("linkId", "userId") DO UPDATE SET points = EXCLUDED.points, "maxPoints" = EXCLUDED."maxPoints",
         comment = EXCLUDED.comment, state = 'due', tries = 0, "notBefore" = EXCLUDED."notBefore", lease = known.lease + 1, message = NULL
       WHERE (known.points, known."maxPoints", known.comment) IS DISTINCT FROM
         (EXCLUDED.points, EXCLUDED."maxPoints", EXCLUDED.comment)`,
      [linkId, JSON.stringify(scores)],
    )
  }

  /** What a course's platform has not taken is sent now. @returns how many */
  async again(courseId: string): Promise<number> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE lti_score SET state = 'due', tries = 0, "notBefore" = ${now}, lease = lease + 1
       WHERE state <> 'sent' AND "linkId" IN (SELECT id FROM lti_link WHERE "courseId" = $1)`,
      [courseId],
    )
    return rowCount ?? 0
  }

  async #end(
    { linkId, userId, lease }: DueScore,
    change: string,
    ...values: readonly string[]
  ): Promise<void> {
    await this.database.pool.query(
      `UPDATE lti_score SET ${change} WHERE "linkId" = $1 AND "userId" = $2 AND lease = $3`,
      [linkId, userId, lease, ...values],
    )
  }
}
