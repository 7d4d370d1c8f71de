import type { ChooseStudents, LessonOutcome } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { tell } from '../database/notices.js'
import { ApiError } from '../errors.js'
import type { Freezer } from '../sandboxes/freezer.js'
import { type Found, findRunning } from './access.js'
import { requireAll } from './students.js'

interface Standing {
  readonly id: string
  readonly name: string
  /** How many of their sandboxes a lesson holds, and how many run. */
  readonly held: number
  readonly running: number
  readonly frozen: boolean
}

const standing = `
  SELECT one.id, one.name, count(box.id) FILTER (WHERE box."frozenBy" IS NOT NULL)::INTEGER AS held,
    count(box.id) FILTER (WHERE box.state = 'running')::INTEGER AS running,
    EXISTS (SELECT FROM frozen_student AS said WHERE said."tenantId" = one."tenantId" AND said."userId" = one."userId") AS frozen
  FROM class_member AS one
  LEFT JOIN sandbox AS box ON box."tenantId" = one."tenantId" AND box."ownerId" = one."userId" AND box."ownerId" <> ''
    AND box."deletedAt" IS NULL AND box.asleep IS NULL
  WHERE one."classId" = $1 AND one.role = 'student' AND ($2::TEXT[] IS NULL OR one.id = ANY($2))
  GROUP BY one.id ORDER BY lower(one.name), one.id`

/** Freezes the students of a lesson and thaws them: all of their sandboxes in the tenant, whatever they were made for. */
export class LessonFreezing {
  constructor(
    private readonly database: Database,
    private readonly freezer: Freezer,
  ) {}

  /** Answers when their sandboxes stand still; who comes later is frozen as well. @throws ApiError as `thaw` */
  async freeze(who: Principal, id: string, { students }: ChooseStudents): Promise<LessonOutcome> {
    const found = await this.#decide(who, id, students, true)
    return this.#outcome(found, students, ({ held, running }) =>
      running > 0
        ? { outcome: 'failed', detail: 'a sandbox does not answer, and is frozen as soon as it does' }
        : held > 0
          ? { outcome: 'done', detail: null }
          : { outcome: 'nothing', detail: 'has no sandbox that runs' },
    )
  }

  /**
   * What they had paused themselves stays paused.
   * @throws ApiError `invalid_request` for who is no student of the class; `conflict` when the lesson has ended
   */
  async thaw(who: Principal, id: string, { students }: ChooseStudents): Promise<LessonOutcome> {
    const found = await this.#decide(who, id, students, false)
    return this.#outcome(found, students, ({ held, running, frozen }) =>
      frozen
        ? { outcome: 'failed', detail: 'a lesson of another class freezes this student' }
        : held > 0
          ? { outcome: 'failed', detail: 'a sandbox does not answer, and is thawed as soon as it does' }
          : running > 0
            ? { outcome: 'done', detail: null }
            : { outcome: 'nothing', detail: 'has no sandbox that runs' },
    )
  }

  /** Writes it down, and then does it. */
  async #decide(
    who: Principal,
    id: string,
    students: readonly string[] | undefined,
    frozen: boolean,
  ): Promise<Found> {
    const found = await findRunning(this.database, who, 'class.teach', id)
    const { prisma, pool } = this.database
    await inTransaction(pool, async (client) => {
      const { rowCount } = await client.query(
        'SELECT FROM lesson WHERE id = $1 AND "endedAt" IS NULL FOR NO KEY UPDATE',
        [id],
      )
      if (rowCount === 0) throw new ApiError('conflict', 'this lesson has ended; start a new one')
      if (students === undefined) {
        await client.query('UPDATE lesson SET frozen = $2 WHERE id = $1', [id, frozen])
        await client.query('UPDATE lesson_student SET frozen = NULL WHERE "lessonId" = $1', [id])
        return
      }
      const { rows } = await client.query<{ id: string }>(
        `INSERT INTO lesson_student ("lessonId", "studentId", frozen)
         SELECT $1, id, $4 FROM class_member WHERE "classId" = $2 AND role = 'student' AND id = ANY($3)
         ON CONFLICT ("lessonId", "studentId") DO UPDATE SET frozen = excluded.frozen RETURNING "studentId" AS id`,
        [id, found.row.id, students, frozen],
      )
      requireAll(rows, students)
    })
    await this.freezer.settle(who.tenantId)
    await tell(pool, { type: 'lesson', id })
    const detail = { class: found.row.name, count: students?.length ?? 0 }
    await audit(prisma, who, frozen ? 'lesson.freeze' : 'lesson.thaw', id, detail)
    return found
  }

  async #outcome(
    { row }: Found,
    students: readonly string[] | undefined,
    of: (one: Standing) => Pick<LessonOutcome['students'][number], 'outcome' | 'detail'>,
  ): Promise<LessonOutcome> {
    const { rows } = await this.database.pool.query<Standing>(standing, [row.id, students ?? null])
    return { students: rows.map((one) => ({ student: one.id, name: one.name, ...of(one) })) }
  }
}
