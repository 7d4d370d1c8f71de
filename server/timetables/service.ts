import { z } from 'zod'
import { newId, type SetTimetable, type Timetable } from '../../protocol/api/index.js'
import type { Sources } from '../assignments/sources.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import { nextLesson } from '../classes/weekly.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { askPools, type Held, present, type Row, row } from './rows.js'

/** One that was moved to another class is none of this one's. */
const select = `
  SELECT one.*, task.id AS "assignmentId" FROM timetable_lesson AS one
  LEFT JOIN assignment AS task ON task.id = one."assignmentId" AND task."classId" = one."classId"
  WHERE one."classId" = $1 ORDER BY one."nextAt", one.id`
const insert = `
  INSERT INTO timetable_lesson (id, "tenantId", "classId", day, at, minutes, "assignmentId", template, "nextAt")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

type Wanted = SetTimetable['lessons'][number]

/** When lessons of classes are. Staff see it; teachers change it. */
export class TimetableService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly sources: Sources,
  ) {}

  async get(who: Principal, classId: string): Promise<Timetable> {
    const { row: of } = await seatIn(this.database, who, 'class.look', classId)
    const rows = z.array(row).parse((await this.database.pool.query(select, [classId])).rows)
    const ask = askPools(this.nodes)
    return { timeZone: of.timeZone, lessons: await Promise.all(rows.map((one) => present(one, ask))) }
  }

  /**
   * Says all lessons anew. One that is the same as before stays, with what waits for it.
   * @throws ApiError `conflict` when the class is archived; `not_found` for an assignment; `template_unavailable`
   */
  async set(who: Principal, classId: string, { lessons }: SetTimetable): Promise<Timetable> {
    const { row: of } = await seatIn(this.database, who, 'class.teach', classId)
    for (const [at, one] of lessons.entries()) await this.#assert(who, at, one)
    const dropped = await inTransaction(this.database.pool, async (client) => {
      const { rows: locked } = await client.query<{ timeZone: string; archivedAt: Date | null; now: Date }>(
        `SELECT "timeZone", "archivedAt", (now() AT TIME ZONE 'UTC')::TIMESTAMP(3) AS now FROM class
         WHERE id = $1 FOR NO KEY UPDATE`,
        [classId],
      )
      const [found] = locked
      if (found === undefined) throw notFound('class')
      if (found.archivedAt !== null) throw new ApiError('conflict', 'this class is archived')
      const { rows: tasks } = await client.query<{ id: string }>(
        'SELECT id FROM assignment WHERE "classId" = $1 AND id = ANY($2) FOR KEY SHARE',
        [classId, lessons.flatMap(({ assignment }) => assignment ?? [])],
      )
      const known = new Set(tasks.map(({ id }) => id))
      if (lessons.some(({ assignment }) => assignment !== null && !known.has(assignment))) {
        throw notFound('assignment')
      }
      const left = z.array(row).parse((await client.query(select, [classId])).rows)
      for (const one of lessons) {
        const same = left.findIndex((before) => isSame(before, one))
        if (same >= 0) left.splice(same, 1)
        else {
          await client.query(insert, [
            ...[newId('tl'), who.tenantId, classId, one.day, one.at, one.minutes, one.assignment],
            ...[one.template, nextLesson(one, found.timeZone, found.now)],
          ])
        }
      }
      await client.query('DELETE FROM timetable_lesson WHERE id = ANY($1)', [left.map(({ id }) => id)])
      return left
    })
    await this.#giveUp(dropped.flatMap(({ held }) => held))
    await audit(this.database.prisma, who, 'lesson.timetable', classId, {
      ...{ class: of.name, count: lessons.length },
    })
    return this.get(who, classId)
  }

  async #assert(who: Principal, at: number, { assignment, template }: Wanted): Promise<void> {
    if (template === null) return
    if (assignment !== null) {
      throw new ApiError(
        'invalid_request',
        `lessons/${at}/template: must be null with an assignment, whose template is used`,
      )
    }
    await this.sources.assert(who, { template })
  }

  /** At once, where the nodes answer; it ends by itself otherwise. */
  async #giveUp(held: readonly Held[]): Promise<void> {
    const drop = async ({ node, id }: Held) =>
      (await this.nodes.reach(node)).ask('DELETE', `/pools/warm/${id}`, z.unknown())
    await Promise.allSettled(held.map(drop))
  }
}

const isSame = (before: Row, { day, at, minutes, assignment, template }: Wanted): boolean =>
  before.day === day &&
  before.at === at &&
  before.minutes === minutes &&
  before.assignmentId === assignment &&
  before.template === template
