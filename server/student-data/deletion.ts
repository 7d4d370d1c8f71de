import type pg from 'pg'
import { z } from 'zod'
import { type StudentDataDeletion, studentDataDeletion } from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, forbidden } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { SnapshotService } from '../snapshots/service.js'
import { type FoundStudent, findStudent } from './find.js'

type Client = Pick<pg.Pool, 'query'>

const tasks = `SELECT id FROM assignment WHERE "classId" = $1`
/** Of the student `$2`, who has the place `$3` in the class `$1`. */
const counts = `
  SELECT (SELECT count(*) FROM assignment_work WHERE "userId" = $2 AND "assignmentId" IN (${tasks}))::INTEGER AS work,
    handed.count::INTEGER AS submissions, handed.bytes::FLOAT8 AS "submissionBytes",
    (SELECT count(*) FROM grading JOIN submission ON submission.id = grading."submissionId"
      WHERE submission."userId" = $2 AND submission."assignmentId" IN (${tasks}))::INTEGER AS gradings,
    (SELECT count(*) FROM grade WHERE "userId" = $2 AND "assignmentId" IN (${tasks}))::INTEGER AS grades,
    (SELECT count(*) FROM exam_attempt WHERE "userId" = $2 AND "assignmentId" IN (${tasks}))::INTEGER AS exams,
    (SELECT count(*) FROM exam_event WHERE "userId" = $2 AND "assignmentId" IN (${tasks}))::INTEGER AS "examEvents",
    (SELECT count(*) FROM active_time WHERE "userId" = $2 AND "assignmentId" IN (${tasks}))::INTEGER AS "activeDays",
    ((SELECT count(*) FROM lesson_student WHERE "studentId" = $3)
      + (SELECT count(*) FROM lesson_message_to WHERE "studentId" = $3))::INTEGER AS lessons,
    (SELECT count(*) FROM assignment_extension WHERE "studentId" = $3)::INTEGER AS extensions
  FROM (SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM submission
    WHERE "userId" = $2 AND "assignmentId" IN (${tasks})) AS handed`
const counted = studentDataDeletion.omit({ student: true, sandboxes: true, snapshots: true })

/** Those of the assignments of the class, and snapshots of them, also of such that were deleted. */
const sandboxes = `
  SELECT id, name FROM sandbox WHERE "tenantId" = $1 AND "ownerId" = $2 AND "deletedAt" IS NULL
    AND "assignmentId" IN (SELECT id FROM assignment WHERE "classId" = $3) ORDER BY "createdAt", id`
const snapshots = `
  SELECT one.id, one.name FROM snapshot AS one JOIN sandbox ON sandbox.id = one."sandboxId"
  WHERE one."tenantId" = $1 AND one."ownerId" = $2 AND one.ready
    AND sandbox."assignmentId" IN (SELECT id FROM assignment WHERE "classId" = $3) ORDER BY one."createdAt", one.id`
const named = z.array(z.object({ id: z.string(), name: z.string() }))

/** Of the place `$1` in the class. A message of a lesson that is to nobody else goes too. */
const ofPlace: readonly string[] = [
  `DELETE FROM lesson_message AS one WHERE NOT "toAll"
     AND EXISTS (SELECT FROM lesson_message_to WHERE "messageId" = one.id AND "studentId" = $1)
     AND NOT EXISTS (SELECT FROM lesson_message_to WHERE "messageId" = one.id AND "studentId" <> $1)`,
  ...['lesson_message_to', 'lesson_student', 'assignment_extension'].map(
    (table) => `DELETE FROM ${table} WHERE "studentId" = $1`,
  ),
]
/** Of the account `$2`, for assignments of the class `$1`. Results and files go with submissions. */
const ofAccount = ['active_time', 'exam_event', 'exam_attempt', 'grade', 'submission', 'assignment_work'].map(
  (table) => `DELETE FROM ${table} WHERE "userId" = $2 AND "assignmentId" IN (${tasks})`,
)
/** The same of what was told of it. */
const ofEvents = ['event_outbox', 'event'].map(
  (table) => `DELETE FROM ${table} WHERE "ownerId" = $2 AND "assignmentId" IN (${tasks})`,
)

/** Deletes what a class has of one student, when they ask for it. Their place in the class and their account stay. */
export class StudentDeletions {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly snapshots: SnapshotService,
  ) {}

  /** What would go. @throws ApiError `not_found`; `forbidden` */
  async preview(who: Principal, classId: string, studentId: string): Promise<StudentDataDeletion> {
    const student = await this.#find(who, classId, studentId)
    return this.#countedOf(this.database.pool, who, student)
  }

  /**
   * Deletes it: first the rows, all of them or none, with the entry of the audit log; then sandboxes and their snapshots. Asked again
   * after a failure it goes on with what is left.
   *
   * @param confirm the name or an id of the student
   * @throws ApiError `invalid_request` when it is another one; `conflict` while the student writes an exam
   */
  async delete(
    who: Principal,
    classId: string,
    studentId: string,
    confirm: string,
  ): Promise<Omit<StudentDataDeletion, 'student'>> {
    const student = await this.#find(who, classId, studentId)
    const { placeId, userId, name, row } = student
    const given = confirm.normalize().trim()
    if (![name.normalize().trim(), placeId, userId].includes(given)) {
      throw new ApiError(
        'invalid_request',
        `confirm: is not the name of this student, which is ${name}, nor their id; nothing was deleted`,
      )
    }
    const { student: _, ...gone } = await inTransaction(this.database.pool, async (client) => {
      // Whoever hands in at this moment is waited for, and the next one finds nothing to hand in.
      await client.query(
        `SELECT FROM assignment_work WHERE "userId" = $1 AND "assignmentId" IN (
           SELECT id FROM assignment WHERE "classId" = $2) ORDER BY id FOR UPDATE`,
        [userId ?? '', classId],
      )
      await assertNoExam(client, classId, userId ?? '')
      const found = await this.#countedOf(client, who, student)
      for (const statement of ofPlace) await client.query(statement, [placeId ?? ''])
      for (const statement of [...ofAccount, ...ofEvents]) {
        await client.query(statement, [classId, userId ?? ''])
      }
      const { sandboxes, snapshots, student: __, ...numbers } = found
      await client.query(
        `INSERT INTO audit_event ("tenantId", at, actor, action, target, detail)
         VALUES ($1, now() AT TIME ZONE 'UTC', $2, 'class.student_data_delete', $3, $4)`,
        [
          ...[who.tenantId, who.actor, classId],
          JSON.stringify({
            ...{ class: row.name, student: placeId ?? userId, ...numbers },
            ...{ sandboxes: sandboxes.length, snapshots: snapshots.length },
          }),
        ],
      )
      return found
    })
    for (const { id } of gone.snapshots) await this.snapshots.remove(who, id).catch(unlessGone)
    for (const { id } of gone.sandboxes) await this.sandboxes.remove(who, id).catch(unlessGone)
    return gone
  }

  /** Of somebody who has left the class, owners and admins decide: teachers do not see what is theirs any more. */
  async #find(who: Principal, classId: string, studentId: string): Promise<FoundStudent> {
    const found = await findStudent(this.database, who, 'student_data.delete', classId, studentId)
    if (found.placeId === null && found.role !== 'admin') {
      throw forbidden(
        'only owners and admins of the tenant can delete data of somebody who has left the class',
      )
    }
    return found
  }

  async #countedOf(client: Client, who: Principal, student: FoundStudent): Promise<StudentDataDeletion> {
    const { placeId, userId, name, row } = student
    const numbers = await client.query(counts, [row.id, userId ?? '', placeId ?? ''])
    const ofClass = [who.tenantId, userId ?? '', row.id]
    // Nobody's: of a student who has no account yet.
    const listed = async (query: string) =>
      userId === null ? [] : named.parse((await client.query(query, ofClass)).rows)
    return {
      student: { id: placeId, userId, name },
      ...counted.parse(numbers.rows[0]),
      ...{ sandboxes: await listed(sandboxes), snapshots: await listed(snapshots) },
    }
  }
}

/** @throws ApiError `conflict` */
async function assertNoExam(client: Client, classId: string, userId: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT task.title FROM exam_attempt AS one JOIN assignment AS task ON task.id = one."assignmentId"
     WHERE task."classId" = $1 AND one."userId" = $2 AND one.state <> 'done' LIMIT 1`,
    [classId, userId],
  )
  if (rows[0] === undefined) return
  throw new ApiError(
    'conflict',
    `this student writes the exam ${rows[0].title}, which is not handed in yet; nothing was deleted. Try again after its end`,
  )
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.code === 'not_found')) throw error
}
