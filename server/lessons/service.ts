import { type Lesson, newId, type StartLesson } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { personIn, seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { tell } from '../database/notices.js'
import { ApiError, notFound } from '../errors.js'
import type { Freezer } from '../sandboxes/freezer.js'
import { findLesson, isRunning, present, withAssignment } from './access.js'

/** Of one class; when more are started, the oldest are forgotten, with what was said in them. */
const keptLessons = 500

/** Live lessons: a class has one at a time. Teachers start and end them. */
export class LessonService {
  constructor(
    private readonly database: Database,
    private readonly freezer: Freezer,
  ) {}

  /** @throws ApiError `conflict` while another one of the class runs, and when the class is archived; `not_found` for the assignment */
  async start(who: Principal, classId: string, { assignment, minutes }: StartLesson): Promise<Lesson> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { prisma, pool } = this.database
    const id = newId('ls')
    const now = new Date()
    await prisma.$transaction(async (client) => {
      // Of two that start at once the other one sees what this one has started.
      await client.$queryRaw`SELECT id FROM class WHERE id = ${classId} FOR NO KEY UPDATE`
      const found = await client.class.findUnique({ where: { id: classId }, select: { archivedAt: true } })
      if (found === null) throw notFound('class')
      if (found.archivedAt !== null) throw new ApiError('conflict', 'this class is archived')
      if (
        assignment !== null &&
        (await client.assignment.count({ where: { id: assignment, classId } })) === 0
      ) {
        throw notFound('assignment')
      }
      await client.$executeRaw`
        UPDATE lesson SET "endedAt" = "endsAt" WHERE "classId" = ${classId} AND "endedAt" IS NULL
          AND "endsAt" <= now() AT TIME ZONE 'UTC'`
      const other = await client.lesson.findFirst({ where: { classId, endedAt: null } })
      if (other !== null) {
        throw new ApiError('conflict', 'a lesson of this class runs; end it first', undefined, other.id)
      }
      await client.lesson.create({
        data: {
          ...{ id, tenantId: who.tenantId, classId, assignmentId: assignment, startedBy: who.actor },
          ...{ startedAt: now, endsAt: new Date(now.getTime() + minutes * 60_000) },
        },
      })
      await client.$executeRaw`
        DELETE FROM lesson WHERE id IN (SELECT id FROM lesson WHERE "classId" = ${classId}
          ORDER BY "startedAt" DESC, id DESC OFFSET ${keptLessons})`
    })
    await tell(pool, { type: 'lesson', id })
    await audit(prisma, who, 'lesson.start', id, { class: row.name, minutes })
    return this.get(who, id)
  }

  /** Those of a class, newest first; for students the one that runs. @param page `cursor`: the last one of the page before */
  async list(
    who: Principal,
    classId: string,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<{ items: Lesson[]; nextCursor: string | null }> {
    const { row, role } = await seatIn(this.database, who, 'class.read', classId)
    const { prisma } = this.database
    const isOpen = { endedAt: null, endsAt: { gt: new Date() } }
    const where = { classId, ...(role === 'student' ? isOpen : {}) }
    await requireCursor(cursor, (id) => prisma.lesson.count({ where: { ...where, id } }))
    const rows = await prisma.lesson.findMany({
      where,
      include: withAssignment,
      orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    })
    const items = await Promise.all(
      rows.slice(0, limit).map(async ({ assignment, ...lesson }) => {
        const found = { lesson, assignment, row, role }
        return role === 'student' ? present(found, await this.#isFrozen(who)) : present(found)
      }),
    )
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<Lesson> {
    const found = await findLesson(this.database, who, 'class.read', id)
    return found.role === 'student' ? present(found, await this.#isFrozen(who)) : present(found)
  }

  /** Students who were frozen go on. One that has ended stays so. */
  async end(who: Principal, id: string): Promise<Lesson> {
    const { lesson, row } = await findLesson(this.database, who, 'class.teach', id)
    const { prisma, pool } = this.database
    if (isRunning(lesson)) {
      const { count } = await prisma.lesson.updateMany({
        where: { id, endedAt: null },
        data: { endedAt: new Date() },
      })
      await this.freezer.settle(who.tenantId)
      await tell(pool, { type: 'lesson', id })
      if (count > 0) await audit(prisma, who, 'lesson.end', id, { class: row.name })
    }
    return this.get(who, id)
  }

  /** Whether a lesson freezes the student who asks. */
  #isFrozen(who: Principal): Promise<boolean> {
    return this.freezer.holds({ tenantId: who.tenantId, ownerId: personIn(who) ?? '' })
  }
}
