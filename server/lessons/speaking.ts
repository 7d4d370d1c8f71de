import { z } from 'zod'
import {
  type LessonMessage,
  lessonBounds,
  newId,
  type OwnLesson,
  type SendMessage,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { personIn } from '../classes/access.js'
import { type Database, inTransaction } from '../database/client.js'
import { tell } from '../database/notices.js'
import { ApiError, notFound } from '../errors.js'
import { findLesson, findRunning, present, withAssignment } from './access.js'
import { broadcastsOf } from './broadcasting.js'
import { requireAll } from './students.js'

/** Messages that are told at once: the newest. */
const shown = { staff: 200, student: 50 } as const

const raise = `
  INSERT INTO lesson_student AS said ("lessonId", "studentId", "handUpAt") VALUES ($1, $2, now() AT TIME ZONE 'UTC')
  ON CONFLICT ("lessonId", "studentId") DO UPDATE SET "handUpAt" = coalesce(said."handUpAt", excluded."handUpAt")`
const lower = `UPDATE lesson_student SET "handUpAt" = NULL WHERE "lessonId" = $1 AND "studentId" = $2 AND "handUpAt" IS NOT NULL`

const messageRow = z.object({
  ...{ id: z.string(), text: z.string(), byName: z.string(), at: z.date(), toAll: z.boolean() },
  to: z.array(z.string()),
})
const messages = `
  SELECT one.id, one.text, one."byName", one.at, one."toAll",
    array_remove(array_agg(receiver."studentId" ORDER BY receiver."studentId"), NULL) AS to
  FROM lesson_message AS one LEFT JOIN lesson_message_to AS receiver ON receiver."messageId" = one.id
  WHERE one."lessonId" = $1`
const newest = `GROUP BY one.id ORDER BY one.at DESC, one.id DESC LIMIT`

/** What students and staff of a lesson say to each other: hands, and messages. */
export class LessonSpeaking {
  constructor(private readonly database: Database) {}

  /** The lessons that run in the classes of the student who asks. */
  async own(who: Principal): Promise<OwnLesson[]> {
    assertMay(who, 'class.study')
    const userId = personIn(who) ?? ''
    const places = await this.database.prisma.classMember.findMany({
      where: {
        ...{ tenantId: who.tenantId, userId, role: 'student' },
        class: { archivedAt: null, lessons: { some: { endedAt: null, endsAt: { gt: new Date() } } } },
      },
      include: {
        class: {
          include: {
            lessons: {
              where: { endedAt: null },
              include: { ...withAssignment, students: { where: { student: { userId } } } },
            },
          },
        },
      },
      orderBy: { id: 'asc' },
    })
    const shown = await broadcastsOf(
      this.database,
      places.flatMap((place) => place.class.lessons.map(({ id }) => id)),
    )
    return Promise.all(
      places.flatMap(({ id: studentId, class: { lessons, ...row } }) =>
        lessons.map(async ({ assignment, students: [said], ...lesson }): Promise<OwnLesson> => {
          const found = { lesson, assignment, row, role: 'student' } as const
          const handUpAt = said?.handUpAt ?? null
          const before = handUpAt && {
            ...{ lessonId: lesson.id, handUpAt: { lt: handUpAt }, studentId: { not: studentId } },
          }
          return {
            lesson: present(found, said?.frozen ?? lesson.frozen),
            handUp: handUpAt?.toISOString() ?? null,
            ahead: before && (await this.database.prisma.lessonStudent.count({ where: before })),
            messages: await this.#toStudent(lesson.id, studentId),
            broadcast: shown.get(lesson.id) ?? null,
          }
        }),
      ),
    )
  }

  /** A hand that is up stays where it is in the queue. */
  async raiseOwn(who: Principal, id: string): Promise<void> {
    await this.#ownHand(who, id, raise)
  }

  async lowerOwn(who: Principal, id: string): Promise<void> {
    await this.#ownHand(who, id, lower)
  }

  /** @throws ApiError `not_found` for the student; `conflict` when the lesson has ended */
  async lower(who: Principal, id: string, studentId: string): Promise<void> {
    const { row } = await findRunning(this.database, who, 'class.help', id)
    const there = { id: studentId, classId: row.id, role: 'student' }
    const student = await this.database.prisma.classMember.findFirst({ where: there })
    if (student === null) throw notFound('student')
    const { rowCount } = await this.database.pool.query(lower, [id, studentId])
    if (rowCount === 0) return
    await tell(this.database.pool, { type: 'lesson', id })
    await audit(this.database.prisma, who, 'lesson.hand', id, { class: row.name, of: student.name })
  }

  /** @throws ApiError `quota_exceeded` when there are as many as a lesson may have; `invalid_request` for who is no student of it */
  async send(who: Principal, id: string, { text, students }: SendMessage): Promise<LessonMessage> {
    const { row } = await findRunning(this.database, who, 'class.help', id)
    const { prisma, pool } = this.database
    const user = await prisma.user.findUnique({ where: { id: personIn(who) ?? '' }, select: { name: true } })
    const to = students === undefined ? undefined : [...new Set(students)]
    const message = { id: newId('lm'), at: new Date(), byName: (user?.name ?? who.actor).slice(0, 128) }
    await inTransaction(pool, async (client) => {
      await client.query('SELECT FROM lesson WHERE id = $1 FOR NO KEY UPDATE', [id])
      const { rows } = await client.query<{ count: number }>(
        'SELECT count(*)::INTEGER AS count FROM lesson_message WHERE "lessonId" = $1',
        [id],
      )
      if ((rows[0]?.count ?? 0) >= lessonBounds.messages) {
        throw new ApiError('quota_exceeded', `a lesson has at most ${lessonBounds.messages} messages`)
      }
      if (to !== undefined) {
        const { rows: found } = await client.query<{ id: string }>(
          `SELECT id FROM class_member WHERE "classId" = $1 AND role = 'student' AND id = ANY($2) FOR KEY SHARE`,
          [row.id, to],
        )
        requireAll(found, to)
      }
      await client.query(
        'INSERT INTO lesson_message (id, "lessonId", text, "byName", at, "toAll") VALUES ($1, $2, $3, $4, $5, $6)',
        [message.id, id, text, message.byName, message.at, to === undefined],
      )
      await client.query(
        'INSERT INTO lesson_message_to ("messageId", "studentId") SELECT $1, one FROM unnest($2::TEXT[]) AS one',
        [message.id, to ?? []],
      )
    })
    await tell(pool, { type: 'lesson', id })
    await audit(prisma, who, 'lesson.message', id, { class: row.name, count: to?.length ?? 0 })
    return { id: message.id, text, by: message.byName, at: message.at.toISOString(), students: to ?? null }
  }

  /** The newest, oldest of them first. */
  async messages(who: Principal, id: string): Promise<LessonMessage[]> {
    await findLesson(this.database, who, 'class.look', id)
    const { rows } = await this.database.pool.query(`${messages} ${newest} ${shown.staff}`, [id])
    return presentAll(rows, (to) => to)
  }

  async #toStudent(id: string, studentId: string): Promise<LessonMessage[]> {
    const isMine = `AND (one."toAll" OR EXISTS (
      SELECT FROM lesson_message_to AS mine WHERE mine."messageId" = one.id AND mine."studentId" = $2))`
    const { rows } = await this.database.pool.query(`${messages} ${isMine} ${newest} ${shown.student}`, [
      id,
      studentId,
    ])
    // Who else was written to is not told.
    return presentAll(rows, () => [studentId])
  }

  async #ownHand(who: Principal, id: string, statement: string): Promise<void> {
    const { row } = await findRunning(this.database, who, 'class.study', id)
    const { prisma, pool } = this.database
    const place = { classId: row.id, userId: personIn(who) ?? '', role: 'student' }
    const student = await prisma.classMember.findFirst({ where: place, select: { id: true } })
    if (student === null) throw notFound('lesson')
    const { rowCount } = await pool.query(statement, [id, student.id])
    if (rowCount !== 0) await tell(pool, { type: 'lesson', id, hand: true })
  }
}

const presentAll = (rows: readonly unknown[], told: (to: string[]) => string[]): LessonMessage[] =>
  z
    .array(messageRow)
    .parse(rows)
    .reverse()
    .map(({ id, text, byName, at, toAll, to }) => ({
      ...{ id, text, by: byName, at: at.toISOString(), students: toAll ? null : told(to) },
    }))
