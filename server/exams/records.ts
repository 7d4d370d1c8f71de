import type { Readable } from 'node:stream'
import { z } from 'zod'
import {
  type ExamAttempt,
  type ExamEvent,
  type ExamEventsPage,
  type ExamSnapshot,
  examBounds,
  examEvent,
  examOutcome,
  type TellExamEvent,
} from '../../protocol/api/index.js'
import { findAssignment } from '../assignments/access.js'
import { assertOpen } from '../assignments/starting.js'
import { timesOf } from '../assignments/times.js'
import type { Principal } from '../auth/principal.js'
import { presentTime } from '../classes/wall-clock.js'
import type { Database } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { databaseNow } from '../database/now.js'
import { ApiError, notFound } from '../errors.js'
import type { SubmissionContents } from '../submissions/contents.js'

const eventRow = examEvent.omit({ id: true, at: true, student: true }).extend({
  ...{ id: z.string(), at: z.date(), userId: z.string() },
  ...{ placeId: z.string().nullable(), name: z.string() },
})
const attemptRow = z.object({
  ...{ student: z.string(), name: z.string(), moreAt: z.date().nullable(), moreLocal: z.string().nullable() },
  ...{ startedAt: z.date().nullable(), sandbox: z.string().nullable(), activeAt: z.date().nullable() },
  keptAt: z.date().nullable(),
  ...{ submissions: z.number(), lastId: z.string().nullable(), lastAt: z.date().nullable() },
  ...{ outcome: examOutcome.nullable(), message: z.string().nullable(), told: z.number() },
})

/** What happened in an exam, and how it stands: for the teachers and assistants of its class. */
export class ExamRecords {
  constructor(
    private readonly database: Database,
    private readonly contents: SubmissionContents,
  ) {}

  /** What the browser of a student says. @throws ApiError `conflict` for no exam and outside its window; `quota_exceeded` */
  async tell(
    who: Principal,
    id: string,
    { type, prevented = false, characters }: TellExamEvent,
  ): Promise<void> {
    const found = await findAssignment(this.database, who, 'class.study', id)
    if (found.assignment.exam === null) throw new ApiError('conflict', 'this assignment is no exam')
    assertOpen(found, await databaseNow(this.database.pool))
    const isPut = type === 'paste' || type === 'drop'
    const detail = { ...(isPut ? { prevented } : {}), ...(characters === undefined ? {} : { characters }) }
    const { rowCount } = await this.database.pool.query(
      `INSERT INTO exam_event ("tenantId", "assignmentId", "userId", at, type, "toldBy", detail)
       SELECT $1, $2, $3, clock_timestamp() AT TIME ZONE 'UTC', $4, 'browser', $5
       WHERE (SELECT count(*) FROM exam_event WHERE "assignmentId" = $2 AND "userId" = $3 AND "toldBy" = 'browser') < $6`,
      [who.tenantId, id, who.userId ?? '', type, JSON.stringify(detail), examBounds.events],
    )
    if (rowCount === 0) {
      throw new ApiError('quota_exceeded', `at most ${examBounds.events} events of one student are stored`)
    }
  }

  /** Newest first. */
  async events(
    who: Principal,
    id: string,
    { limit, cursor, student }: ExamEventsPage,
  ): Promise<{ items: ExamEvent[]; nextCursor: string | null }> {
    const { row } = await findAssignment(this.database, who, 'class.look', id)
    const { pool, prisma } = this.database
    const userId = student === undefined ? null : await this.#userOf(row.id, student)
    if (cursor !== undefined && !/^\d{1,18}$/.test(cursor)) {
      throw new ApiError('invalid_request', 'cursor: is none; begin with the first page again')
    }
    await requireCursor(cursor, (last) =>
      prisma.examEvent.count({ where: { id: BigInt(last), assignmentId: id } }),
    )
    const { rows } = await pool.query(
      `SELECT one.id::TEXT, one.at, one.type, one."toldBy", one.detail, one."userId", place.id AS "placeId",
         coalesce(place.name, "user".name) AS name
       FROM exam_event AS one JOIN "user" ON "user".id = one."userId"
       LEFT JOIN class_member AS place ON place."classId" = $2 AND place."userId" = one."userId"
       WHERE one."assignmentId" = $1 AND ($3::TEXT IS NULL OR one."userId" = $3) AND ($4::BIGINT IS NULL OR one.id < $4)
       ORDER BY one.id DESC LIMIT $5`,
      [id, row.id, userId, cursor ?? null, limit + 1],
    )
    const items = rows.slice(0, limit).map((read): ExamEvent => {
      const { at, userId, placeId, name, ...one } = eventRow.parse(read)
      return { ...one, at: at.toISOString(), student: { userId, id: placeId, name } }
    })
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  /**
   * Of the students of the class, by name. @param page `cursor`: the last student of the page before
   * @throws ApiError `conflict` for no exam
   */
  async attempts(
    who: Principal,
    id: string,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<{ items: ExamAttempt[]; nextCursor: string | null }> {
    const { assignment, row } = await findAssignment(this.database, who, 'class.look', id)
    if (assignment.exam === null) throw new ApiError('conflict', 'this assignment is no exam')
    const { pool, prisma } = this.database
    await requireCursor(cursor, (last) =>
      prisma.classMember.count({ where: { id: last, classId: row.id, role: 'student' } }),
    )
    const { rows } = await pool.query(
      `SELECT place.id AS student, place.name, more."dueAt" AS "moreAt", more."dueLocal" AS "moreLocal",
         (SELECT max(at) FROM exam_snapshot WHERE "assignmentId" = $1 AND "userId" = place."userId") AS "keptAt",
         attempt."startedAt", attempt.outcome, attempt.message, sandbox.id AS sandbox, sandbox."activeAt",
         handed.count::INTEGER AS submissions, last.id AS "lastId", last.at AS "lastAt", told.count::INTEGER AS told
       FROM class_member AS place
       LEFT JOIN assignment_extension AS more ON more."assignmentId" = $1 AND more."studentId" = place.id
       LEFT JOIN exam_attempt AS attempt ON attempt."assignmentId" = $1 AND attempt."userId" = place."userId"
       LEFT JOIN assignment_work AS work ON work."assignmentId" = $1 AND work."userId" = place."userId"
       LEFT JOIN sandbox ON sandbox.id = work."sandboxId" AND work.ready AND sandbox."deletedAt" IS NULL
       CROSS JOIN LATERAL (
         SELECT count(*) FROM submission WHERE "assignmentId" = $1 AND "userId" = place."userId") AS handed
       CROSS JOIN LATERAL (SELECT count(*) FROM exam_event
         WHERE "assignmentId" = $1 AND "userId" = place."userId" AND "toldBy" = 'browser') AS told
       LEFT JOIN LATERAL (SELECT id, at FROM submission WHERE "assignmentId" = $1 AND "userId" = place."userId"
         ORDER BY number DESC LIMIT 1) AS last ON true
       WHERE place."classId" = $2 AND place.role = 'student' AND ($3::TEXT IS NULL OR (lower(place.name), place.id) >
         (SELECT lower(name), id FROM class_member WHERE id = $3 AND "classId" = $2))
       ORDER BY lower(place.name), place.id LIMIT $4`,
      [id, row.id, cursor ?? null, limit + 1],
    )
    const items = rows.slice(0, limit).map((read): ExamAttempt => {
      const one = attemptRow.parse(read)
      const { moreAt, moreLocal } = one
      const more = moreAt === null ? undefined : { dueAt: moreAt, dueLocal: moreLocal }
      const { due, extended } = timesOf(assignment, more)
      return {
        ...{ student: one.student, name: one.name, extended },
        dueAt: presentTime(due ?? { at: assignment.createdAt, local: null }, row.timeZone),
        ...{ startedAt: one.startedAt?.toISOString() ?? null, sandbox: one.sandbox },
        ...{ activeAt: one.activeAt?.toISOString() ?? null, keptAt: one.keptAt?.toISOString() ?? null },
        submissions: one.submissions,
        lastSubmission:
          one.lastId === null || one.lastAt === null
            ? null
            : { id: one.lastId, at: one.lastAt.toISOString() },
        ...{ outcome: one.outcome, message: one.message, told: one.told },
      }
    })
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.student ?? null) : null }
  }

  /** What was kept of a student, newest first. */
  async snapshots(who: Principal, id: string, studentId: string): Promise<ExamSnapshot[]> {
    const { row } = await findAssignment(this.database, who, 'class.look', id)
    const userId = await this.#userOf(row.id, studentId)
    const rows = await this.database.prisma.examSnapshot.findMany({
      where: { assignmentId: id, userId },
      orderBy: [{ at: 'desc' }, { id: 'desc' }],
    })
    return rows.map(({ id, at, digest, files, bytes }) => ({
      ...{ id, at: at.toISOString(), digest, fileCount: files, bytes },
    }))
  }

  /** One of these as tar. @throws ApiError `not_found` */
  async packSnapshot(
    who: Principal,
    { id, studentId, snapshotId }: { id: string; studentId: string; snapshotId: string },
  ): Promise<Readable> {
    const { row } = await findAssignment(this.database, who, 'class.look', id)
    const userId = await this.#userOf(row.id, studentId)
    const where = { id: snapshotId, assignmentId: id, userId }
    const kept = await this.database.prisma.examSnapshot.findFirst({ where })
    if (kept === null) throw notFound('snapshot')
    return this.contents.packKept(who.tenantId, kept)
  }

  async #userOf(classId: string, studentId: string): Promise<string> {
    const where = { id: studentId, classId, role: 'student' }
    const place = await this.database.prisma.classMember.findFirst({ where })
    if (place === null) throw notFound('student')
    return place.userId ?? ''
  }
}
