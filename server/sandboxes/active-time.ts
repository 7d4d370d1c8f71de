import type { Action } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'

/** What a person does, and no page by itself. What is typed into a terminal is noted for each key (`terminals/service.ts`). */
const doing: ReadonlySet<Action> = new Set([
  ...(['exec.start', 'process.start', 'process.write', 'process.signal', 'file.write'] as const),
  ...(['sandbox.keep_awake', 'terminal.close'] as const),
])

/**
 * Counts a minute once for each student and assignment, whichever servers write it down: the row says which minute it has counted last.
 * Of a sandbox that is not the student's own, or is for no assignment, nothing is written; nor is anything while the operator has it off.
 */
const count = `
  INSERT INTO active_time AS known ("assignmentId", "userId", day, minutes, "shownMinutes", "lastAt")
  SELECT sandbox."assignmentId", sandbox."ownerId", now.minute::DATE, 1, shown.minutes, now.minute
  FROM unnest($1::TEXT[], $2::TEXT[]) AS done(id, "userId")
  JOIN sandbox ON sandbox.id = done.id AND sandbox."ownerId" = done."userId"
  JOIN assignment ON assignment.id = sandbox."assignmentId" JOIN class ON class.id = assignment."classId"
  JOIN "user" ON "user".id = sandbox."ownerId"
  JOIN privacy ON privacy."timeStatistics"
  CROSS JOIN (SELECT date_trunc('minute', now() AT TIME ZONE 'UTC') AS minute) AS now
  CROSS JOIN LATERAL (SELECT (class."studentTimes" AND privacy."studentTimes")::INTEGER AS minutes) AS shown
  WHERE NOT EXISTS (SELECT FROM active_time AS before WHERE before."assignmentId" = sandbox."assignmentId"
    AND before."userId" = sandbox."ownerId" AND before.day = now.minute::DATE AND before."lastAt" >= now.minute)
  GROUP BY sandbox."assignmentId", sandbox."ownerId", now.minute, shown.minutes
  ORDER BY 1, 2
  ON CONFLICT ("assignmentId", "userId", day) DO UPDATE SET minutes = known.minutes + 1,
    "shownMinutes" = known."shownMinutes" + excluded."shownMinutes", "lastAt" = excluded."lastAt"
  WHERE known."lastAt" < excluded."lastAt"`

/** Minutes in which students do something in their sandboxes. Gathered here for some seconds, so that no call waits for it. */
export class ActiveTime {
  /** By sandbox, who did something in it. */
  readonly #done = new Map<string, string>()

  constructor(private readonly database: Database) {}

  /** A call that was let through. */
  note(who: Principal, action: Action, sandboxId: string): void {
    if (doing.has(action)) this.type(who, sandboxId)
  }

  /** Somebody has typed in it. */
  type({ kind, role, userId, unattended }: Principal, sandboxId: string): void {
    if (kind === 'user' && role === 'student' && userId !== null && unattended !== true) {
      this.#done.set(sandboxId, userId)
    }
  }

  /** Writes it down. What a server that dies has gathered is lost: a minute at most. */
  async record(): Promise<void> {
    const done = [...this.#done]
    this.#done.clear()
    if (done.length === 0) return
    await this.database.pool.query(count, [done.map(([id]) => id), done.map(([, userId]) => userId)])
  }
}
