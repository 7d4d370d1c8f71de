import type { Logger } from 'pino'
import { every } from '../../common/timers.js'
import type { Schedule as Row } from '../../prisma/generated/client.js'
import { audit } from '../audit.js'
import { noExams } from '../auth/exams.js'
import { may } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import { seenOwners, wholeSight } from '../auth/sight.js'
import { serverDied } from '../builds/service.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { ScheduleActions } from './actions.js'
import { nextRun } from './cron.js'

/** At the same time, at one server. */
const atOnce = 8
const leaseSeconds = 30
const renewMs = 5000
/** How often one run is begun whose server dies each time. */
const maxAttempts = 3
const maxMessage = 500
/** So long a server that ends waits for what it has begun; another one begins it again otherwise. */
const endMs = 3000

const now = `now() AT TIME ZONE 'UTC'`

/**
 * Takes those that are due. What was missed while no server ran is due once. A lease that is over is that of a server that has died
 * or hangs: its run begins again.
 */
const take = `
  UPDATE schedule SET lease = lease + 1, "leaseUntil" = ${now} + interval '${leaseSeconds} seconds',
    attempt = attempt + 1, "dueAt" = CASE WHEN attempt = 0 THEN ${now} ELSE "dueAt" END
  FROM (
    SELECT id AS due FROM schedule
    WHERE enabled AND "nextAt" <= ${now} AND ("leaseUntil" IS NULL OR "leaseUntil" < ${now})
      AND "lastOutcome" IS DISTINCT FROM 'running'
    ORDER BY "nextAt" LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AS found
  WHERE id = due RETURNING schedule.*`

const renew = `
  UPDATE schedule SET "leaseUntil" = ${now} + interval '${leaseSeconds} seconds' WHERE id = $1 AND lease = $2`

/** What came of builds that schedules began. One that ended with its server is begun again, a few times. */
const settle = `
  UPDATE schedule SET "lastOutcome" = CASE status WHEN 'succeeded' THEN 'succeeded' ELSE 'failed' END,
    "lastMessage" = CASE status WHEN 'succeeded' THEN NULL WHEN 'gone' THEN 'its build is not kept any more' ELSE error END,
    attempt = CASE WHEN again THEN attempt ELSE 0 END,
    "nextAt" = CASE WHEN again AND enabled THEN ${now} ELSE "nextAt" END
  FROM (
    SELECT schedule.id AS which, coalesce(status, 'gone') AS status, error,
      coalesce(error = $1, false) AND attempt < ${maxAttempts} AS again
    FROM schedule LEFT JOIN build ON build.id = "buildId"
    WHERE "lastOutcome" = 'running' AND coalesce(status, 'gone') <> 'running'
  ) AS ended
  WHERE schedule.id = which AND "lastOutcome" = 'running' RETURNING schedule.*`

/** What is written down of a run. */
interface Outcome {
  readonly outcome: 'succeeded' | 'failed' | 'running'
  readonly message: string | null
  readonly build: string | null
}

/** Performs schedules when they are due. Which server does it is decided by their rows. */
export class ScheduleRunner implements AsyncDisposable {
  /** Runs that go on here. */
  readonly #running = new Set<Promise<void>>()

  constructor(
    private readonly database: Database,
    private readonly actions: ScheduleActions,
    private readonly principals: Pick<Principals, 'again'>,
    private readonly log: Logger,
  ) {}

  /** Begins what is due, as much as there is room for. */
  async look(): Promise<void> {
    const { pool } = this.database
    for (const row of (await pool.query<Row>(settle, [serverDied])).rows) {
      if (row.lastOutcome === 'failed') await this.#tell(row, row.lastMessage)
    }
    const room = atOnce - this.#running.size
    if (room <= 0) return
    for (const row of (await pool.query<Row>(take, [room])).rows) {
      const run = this.#perform(row)
        .catch((error: unknown) =>
          this.log.error({ error, id: row.id }, 'a schedule was not performed to its end'),
        )
        .finally(() => this.#running.delete(run))
      this.#running.add(run)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const waited = new Promise((resolve) => setTimeout(resolve, endMs).unref())
    await Promise.race([waited, Promise.all(this.#running)])
  }

  async #perform(row: Row): Promise<void> {
    using _ = every(renewMs, 'holding on to a schedule', this.log, () =>
      this.database.pool.query(renew, [row.id, row.lease]),
    )
    const outcome = await this.#outcome(row)
    if (await this.#finish(row, outcome)) {
      if (outcome.outcome === 'failed') await this.#tell(row, outcome.message)
    }
  }

  async #outcome(row: Row): Promise<Outcome> {
    const failed = (message: string) => ({
      ...{ outcome: 'failed' as const, message: message.slice(0, maxMessage), build: null },
    })
    if (row.attempt > maxAttempts) return failed('the server was stopped each time that this was begun')
    try {
      const build = await this.actions.perform({ ...principalOf(row), ...(await this.#asMaker(row)) }, row)
      return { outcome: build === null ? 'succeeded' : 'running', message: null, build }
    } catch (error) {
      if (error instanceof ApiError) return failed(error.message)
      this.log.error({ error, id: row.id }, 'a schedule failed')
      return failed('something went wrong in the server; its log tells more')
    }
  }

  /** What whoever changed it last sees and may publish now; one that nobody is known of who is staff sees nothing of students in classes. */
  async #asMaker({
    tenantId,
    userId,
    keyId,
  }: Row): Promise<Pick<Principal, 'sight' | 'readsAdministration'>> {
    const known = userId !== null || keyId !== null
    const maker = known ? await this.principals.again({ tenantId, userId, keyId }) : undefined
    if (maker !== undefined && maker.role !== 'student') {
      // It reads nothing for them: it goes on while they write an exam elsewhere.
      const sight = { ...maker.sight, exams: noExams() }
      return { sight, readsAdministration: may({ ...maker, sight }, 'work.publish') }
    }
    const [owners] = await seenOwners(this.database.pool, [{ tenantId, userId: '' }])
    return { sight: { ...wholeSight(), owners: owners ?? null }, readsAdministration: false }
  }

  /** Writes down what came of it and when it is due again, as it is by now. @returns whether the run was still this server's */
  #finish({ id, lease }: Row, { outcome, message, build }: Outcome): Promise<boolean> {
    return inTransaction(this.database.pool, async (client) => {
      const { rows } = await client.query<Row & { at: Date }>(
        `SELECT *, ${now} AS at FROM schedule WHERE id = $1 AND lease = $2 FOR UPDATE`,
        [id, lease],
      )
      const [row] = rows
      if (row === undefined) return false
      // One that was changed meanwhile is due at another time already.
      const due = row.nextAt !== null && row.nextAt <= row.at
      const next = due ? nextRun(row, row.at) : row.nextAt
      await client.query(
        `UPDATE schedule SET "nextAt" = $2, "lastAt" = ${now}, "lastOutcome" = $3, "lastMessage" = $4, "buildId" = $5,
           "leaseUntil" = NULL, attempt = CASE WHEN $3 = 'running' THEN attempt ELSE 0 END
         WHERE id = $1`,
        [id, next, outcome, message, build],
      )
      return true
    })
  }

  async #tell(row: Row, message: string | null): Promise<void> {
    await audit(this.database.prisma, principalOf(row), 'schedule.fail', row.id, {
      ...{ name: row.name, action: row.action, error: message ?? '' },
    })
  }
}

/** Whose doing it is: the tenant's, with what a member may do. What it may with the work of students is `#asMaker`. */
function principalOf({ tenantId, name }: Row): Principal {
  return {
    ...{ kind: 'key', userId: null, sessionId: null, keyId: null, tenantId, role: 'member', operator: false },
    ...{ keyLimits: null, actor: `schedule ${name}` },
    ...{ readsAdministration: false, auditsCommands: false, idle: null },
    sight: wholeSight(),
  }
}
