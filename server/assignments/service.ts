import { Prisma } from '../../prisma/generated/client.js'
import {
  type Assignment,
  type AssignmentSummary,
  assignmentBounds,
  type ChangeAssignment,
  type CreateAssignment,
  newId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { personIn, seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound, submissionsInTheWay } from '../errors.js'
import { findAssignment } from './access.js'
import { begunBeforeExam, reopenAttempts } from './attempts.js'
import { present, summarize } from './rows.js'
import type { Sources } from './sources.js'
import { assertOrder, timeColumns, timesOf } from './times.js'
import type { WorkLists } from './work.js'

/** The assignments of classes. Teachers write them, assistants look at them, students see those that are published. */
export class AssignmentService {
  constructor(
    private readonly database: Database,
    private readonly sources: Sources,
    private readonly work: WorkLists,
  ) {}

  /** At the end of those of the class. @throws ApiError `invalid_request`, `quota_exceeded`, `template_unavailable` */
  async create(who: Principal, classId: string, wanted: CreateAssignment): Promise<Assignment> {
    await seatIn(this.database, who, 'class.teach', classId)
    await this.sources.assert(who, wanted.source)
    const id = newId('as')
    await this.database.prisma.$transaction(async (client) => {
      const timeZone = await lockedZone(client, classId)
      const count = await client.assignment.count({ where: { classId } })
      requireRoom(count, 1)
      const times = timeColumns(wanted, timeZone)
      assertOrder({ ...times, exam: wanted.exam })
      const last = await client.assignment.aggregate({ where: { classId }, _max: { position: true } })
      const {
        title,
        text,
        published,
        source,
        limits,
        network,
        readOnly,
        steps,
        tests,
        grading,
        rubric,
        exam,
      } = wanted
      await client.assignment.create({
        data: {
          ...{ id, classId, tenantId: who.tenantId, title, text, published, createdBy: who.actor },
          ...{ ...times, position: (last._max.position ?? -1) + 1 },
          ...{ source, limits: limits ?? Prisma.DbNull, network, readOnly, steps, tests, grading, rubric },
          exam: exam ?? Prisma.DbNull,
        },
      })
    })
    await audit(this.database.prisma, who, 'assignment.create', id, { title: wanted.title })
    return this.get(who, id)
  }

  /** Of a class, in their order; for students those that are published. */
  async list(who: Principal, classId: string): Promise<AssignmentSummary[]> {
    const { row, role } = await seatIn(this.database, who, 'class.read', classId)
    const rows = await this.database.prisma.assignment.findMany({
      where: { classId, ...(role === 'student' ? { published: true } : {}) },
      omit: { text: true, tests: true },
      include: { extensions: { where: { student: { userId: personIn(who) ?? '' } } } },
      orderBy: [{ position: 'asc' }, { id: 'asc' }],
    })
    return rows.map(({ extensions, ...one }) =>
      summarize({ ...one, text: '', tests: [] }, role, row.timeZone, timesOf(one, extensions[0])),
    )
  }

  async get(who: Principal, id: string): Promise<Assignment> {
    const { assignment, extension, row, role } = await findAssignment(this.database, who, 'class.read', id)
    const shown = present(assignment, role, row.timeZone, timesOf(assignment, extension))
    if (role !== 'student' || who.userId === null || shown.state === 'scheduled') return shown
    const work = await this.work.of(id, who.userId, assignment.steps)
    const isOver = shown.exam !== null && shown.state === 'closed'
    return { ...shown, work: isOver ? { ...work, sandbox: null } : work }
  }

  /** Changes what is named. */
  async change(who: Principal, id: string, wanted: ChangeAssignment): Promise<Assignment> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    if (wanted.source !== undefined) await this.sources.assert(who, wanted.source)
    await this.database.prisma.$transaction(async (client) => {
      const timeZone = await lockedZone(client, assignment.classId)
      const before = await client.assignment.findUnique({ where: { id } })
      if (before === null) throw notFound('assignment')
      const { opensAt: _opens, dueAt: _due, late: _late, limits, exam, ...plain } = wanted
      const times = timeColumns(wanted, timeZone)
      assertOrder({ ...before, ...times, ...(exam === undefined ? {} : { exam }) })
      if (exam && before.exam === null) await requireNotBegun(client, id)
      const named = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined))
      await client.assignment.update({
        where: { id },
        data: {
          ...{ ...named, ...times, updatedAt: new Date() },
          ...(limits === undefined ? {} : { limits: limits ?? Prisma.DbNull }),
          ...(exam === undefined ? {} : { exam: exam ?? Prisma.DbNull }),
        },
      })
    })
    await reopenAttempts(this.database.pool, id)
    const { title = assignment.title, published } = wanted
    await audit(this.database.prisma, who, 'assignment.change', id, {
      ...{ title, ...(published === undefined ? {} : { published }) },
    })
    return this.get(who, id)
  }

  /** The sandboxes of students stay theirs. @throws ApiError `conflict` when something was handed in, unless that is to be deleted too */
  async delete(who: Principal, id: string, submissions: 'keep' | 'delete'): Promise<void> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const count = await this.database.prisma.$transaction(async (client) => {
      // Whoever hands in holds the row, and then is counted.
      await client.$queryRaw`SELECT id FROM assignment WHERE id = ${id} FOR UPDATE`
      const count = await client.submission.count({ where: { assignmentId: id } })
      if (count > 0 && submissions === 'keep') throw submissionsInTheWay(count, 'this assignment')
      await client.assignment.deleteMany({ where: { id } })
      return count
    })
    await audit(this.database.prisma, who, 'assignment.delete', id, {
      ...{ title: assignment.title, submissions: count },
    })
  }
}

/** The time zone of a class, which nobody changes until the transaction ends, nor what is in it. */
async function lockedZone(client: Prisma.TransactionClient, classId: string): Promise<string> {
  await client.$queryRaw`SELECT id FROM class WHERE id = ${classId} FOR NO KEY UPDATE`
  const row = await client.class.findUnique({ where: { id: classId } })
  if (row === null) throw notFound('class')
  return row.timeZone
}

/**
 * What students have of it already was made before, and may be anything: an exam begins with nothing.
 * @throws ApiError `conflict`
 */
async function requireNotBegun(client: Prisma.TransactionClient, id: string): Promise<void> {
  // Whoever begins it holds the row, and then is counted.
  await client.$queryRaw`SELECT id FROM assignment WHERE id = ${id} FOR UPDATE`
  if ((await client.assignmentWork.count({ where: { assignmentId: id } })) > 0) throw begunBeforeExam()
}

/** @throws ApiError `quota_exceeded` */
export function requireRoom(count: number, more: number): void {
  const { assignments } = assignmentBounds
  if (count + more > assignments) {
    throw new ApiError('quota_exceeded', `a class has at most ${assignments} assignments; delete some`)
  }
}
