import type pg from 'pg'
import type { Logger } from 'pino'
import { every } from '../../common/timers.js'
import { type ErrorCode, newId, stopSandbox } from '../../protocol/api/index.js'
import { addEvent, examPrincipal, joinEnd, ownEnd } from '../assignments/attempts.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { tell } from '../database/notices.js'
import { ApiError } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { HomeReader } from '../submissions/home.js'
import type { Taken } from '../submissions/read.js'
import { isGraded } from '../submissions/service.js'
import { storeSubmission } from '../submissions/store.js'

/** At the same time, at one server: what is read of a sandbox is held in memory until it is stored, 16 MiB at most. */
const atOnce = 4
const leaseSeconds = 30
const renewMs = 5000
/** One that fails because a node is away is tried again after a time that doubles up to this. */
const longestPauseSeconds = 60
/** So long a server that ends waits for what it has begun; another one begins it again otherwise. */
const endMs = 3000

const now = `now() AT TIME ZONE 'UTC'`

/** Takes those whose end has come and whose work is not handed in yet, or whose sandbox is not stopped yet. */
const take = `
  UPDATE exam_attempt AS one SET lease = one.lease + 1, tries = one.tries + 1,
    "leaseUntil" = ${now} + interval '${leaseSeconds} seconds'
  FROM (
    SELECT attempt."assignmentId", attempt."userId", ${ownEnd} AS ends FROM exam_attempt AS attempt ${joinEnd}
    WHERE attempt.state <> 'done' AND task.exam IS NOT NULL AND ${ownEnd} <= ${now}
      AND (attempt."leaseUntil" IS NULL OR attempt."leaseUntil" < ${now})
    ORDER BY ends, attempt."userId" LIMIT $1 FOR UPDATE OF attempt SKIP LOCKED
  ) AS found
  WHERE one."assignmentId" = found."assignmentId" AND one."userId" = found."userId"
  RETURNING one."assignmentId", one."userId", one."tenantId", one.state, one.lease, one.tries, one."collectedFor",
    found.ends`

const renew = `
  UPDATE exam_attempt SET "leaseUntil" = ${now} + interval '${leaseSeconds} seconds'
  WHERE "assignmentId" = $1 AND "userId" = $2 AND lease = $3`

/** The attempt, when it is still this server's and its end has not been moved; nobody changes it until the transaction ends. */
const hold = `
  SELECT FROM exam_attempt AS attempt ${joinEnd}
  WHERE attempt."assignmentId" = $1 AND attempt."userId" = $2 AND attempt.lease = $3 AND attempt.state = 'open'
    AND ${ownEnd} = $4 FOR UPDATE OF attempt`

interface Row {
  readonly assignmentId: string
  readonly userId: string
  readonly tenantId: string
  readonly state: string
  readonly lease: number
  readonly tries: number
  /** Of this student. */
  readonly ends: Date
  /** The end that it was handed in at before they had more time. */
  readonly collectedFor: Date | null
}

type Outcome = 'submitted' | 'same' | 'nothing' | 'failed'

/** What does not become better by being tried again. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['payload_too_large', 'quota_exceeded'])

/**
 * Hands in the work of students whose exam is over for them, and stops their sandboxes. Which server does it is decided by the rows of
 * the attempts; that something is handed in and that it was done are one transaction, so it is done once, whenever a server is killed.
 */
export class ExamCollector implements AsyncDisposable {
  /** Those that are handled here. */
  readonly #running = new Set<Promise<void>>()

  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly homes: HomeReader,
    private readonly log: Logger,
  ) {}

  /** Begins what is due, as much as there is room for. */
  async look(): Promise<void> {
    const room = atOnce - this.#running.size
    if (room <= 0) return
    for (const row of (await this.database.pool.query<Row>(take, [room])).rows) {
      const run = this.#perform(row)
        .catch((error: unknown) =>
          this.log.error({ error, row }, 'an exam was not handed in; it is tried again'),
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
    const { assignmentId, userId, lease } = row
    using _ = every(renewMs, 'holding on to the end of an exam', this.log, () =>
      this.database.pool.query(renew, [assignmentId, userId, lease]),
    )
    try {
      if (row.state === 'open' && !(await this.#collect(row))) return
      await this.#close(row)
    } catch (error) {
      const message = error instanceof ApiError ? error.message : 'something went wrong in the server'
      const pause = Math.min(longestPauseSeconds, 2 ** Math.min(row.tries, 10))
      await this.database.pool.query(
        `UPDATE exam_attempt SET "leaseUntil" = ${now} + $4 * interval '1 second', message = CASE WHEN state = 'open' THEN $5 ELSE message END
         WHERE "assignmentId" = $1 AND "userId" = $2 AND lease = $3`,
        [assignmentId, userId, lease, pause, message.slice(0, 500)],
      )
      if (!(error instanceof ApiError)) throw error
    }
  }

  /** @returns whether the attempt is collected; it is not when another server has it, or its end was moved */
  async #collect(row: Row): Promise<boolean> {
    const { prisma } = this.database
    const { assignmentId, userId, ends, collectedFor } = row
    if (collectedFor !== null && ends <= collectedFor) {
      return this.#finish(row, 'same', 'the additional time was taken back')
    }
    const where = { assignmentId_userId: { assignmentId, userId } }
    const work = await prisma.assignmentWork.findUnique({ where, include: { assignment: true } })
    if (work === null || work.sandboxId === null || !work.ready) return this.#finish(row, 'nothing')
    const { assignment, sandboxId } = work
    const who = examPrincipal(row.tenantId, assignment.title)
    let taken: Taken
    try {
      await this.#pause(who, sandboxId)
      taken = await this.homes.read(who, sandboxId, assignmentId)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === 'not_found') return this.#finish(row, 'nothing', 'its sandbox was deleted')
      if (final.has(error.code)) return this.#finish(row, 'failed', error.message)
      throw error
    }
    if (taken.files.length === 0) return this.#finish(row, 'nothing')
    const { classId } = assignment
    const place = await prisma.classMember.findFirst({ where: { classId, userId } })
    const handed = {
      ...{ id: newId('su'), tenantId: row.tenantId, assignmentId, userId, at: ends, actor: who.actor },
      ...{ name: place?.name ?? '', title: assignment.title, isGraded: isGraded(assignment) },
      ...{ isExam: true, automatic: true },
    }
    try {
      const done = await inTransaction(this.database.pool, async (client) => {
        if (!(await this.#hold(client, row))) return false
        const stored = await storeSubmission(client, handed, taken)
        await this.#write(client, row, stored === handed.id ? 'submitted' : 'same', { submission: stored })
        return true
      })
      if (done && handed.isGraded) await tell(this.database.relaxed, { type: 'gradings' }).catch(() => {}) // they are looked for
      return done
    } catch (error) {
      if (error instanceof ApiError && final.has(error.code))
        return this.#finish(row, 'failed', error.message)
      throw error
    }
  }

  /** What runs in it writes nothing while it is read. One that does not run needs nothing. */
  async #pause(who: Principal, id: string): Promise<void> {
    const { state } = await this.sandboxes.get(who, id)
    if (state !== 'running') return
    await this.sandboxes.act(who, id, 'pause').catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'conflict') throw error // it has ended meanwhile
    })
  }

  #finish(row: Row, outcome: Outcome, message?: string): Promise<boolean> {
    return inTransaction(this.database.pool, async (client) => {
      if (!(await this.#hold(client, row))) return false
      await this.#write(client, row, outcome, message === undefined ? {} : { message })
      return true
    })
  }

  async #hold(client: pg.PoolClient, { assignmentId, userId, lease, ends }: Row): Promise<boolean> {
    const { rowCount } = await client.query(hold, [assignmentId, userId, lease, ends])
    return rowCount === 1
  }

  async #write(
    client: pg.PoolClient,
    { assignmentId, userId, tenantId, ends }: Row,
    outcome: Outcome,
    detail: { readonly submission?: string; readonly message?: string },
  ): Promise<void> {
    const { submission = null, message = null } = detail
    await client.query(
      `UPDATE exam_attempt SET state = 'collected', "collectedFor" = $3, outcome = $4, message = $5, "submissionId" = $6
       WHERE "assignmentId" = $1 AND "userId" = $2`,
      [assignmentId, userId, ends, outcome, message, submission],
    )
    await addEvent(client, {
      ...{ tenantId, assignmentId, userId, type: 'collect' },
      detail: { ...detail, outcome },
    })
  }

  /** Nothing of it runs on: whoever has written the exam does not reach it any more, and it holds no memory. */
  async #close({ assignmentId, userId, tenantId, lease }: Row): Promise<void> {
    const where = { assignmentId_userId: { assignmentId, userId } }
    const work = await this.database.prisma.assignmentWork.findUnique({
      where,
      include: { assignment: true },
    })
    if (work?.sandboxId) await this.#stop(examPrincipal(tenantId, work.assignment.title), work.sandboxId)
    await this.database.pool.query(
      `UPDATE exam_attempt SET state = 'done', "leaseUntil" = NULL
       WHERE "assignmentId" = $1 AND "userId" = $2 AND lease = $3 AND state = 'collected'`,
      [assignmentId, userId, lease],
    )
  }

  async #stop(who: Principal, id: string): Promise<void> {
    try {
      const { state } = await this.sandboxes.get(who, id)
      if (state === 'unreachable') throw new ApiError('runtime_unavailable', 'its node is unreachable', 5)
      if (state === 'running' || state === 'paused') await this.sandboxes.stop(who, id, stopSandbox.parse({}))
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'not_found') throw error // it was deleted
    }
  }
}
