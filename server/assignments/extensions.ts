import type { AssignmentExtension } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { presentTime, readTime } from '../classes/wall-clock.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { findAssignment } from './access.js'
import { reopenAttempts } from './attempts.js'
import { assertExamLength } from './times.js'

/** More time for single students. */
export class AssignmentExtensions {
  constructor(private readonly database: Database) {}

  async list(who: Principal, id: string): Promise<AssignmentExtension[]> {
    const { row } = await findAssignment(this.database, who, 'class.look', id)
    const rows = await this.database.prisma.assignmentExtension.findMany({
      where: { assignmentId: id },
      include: { student: { select: { name: true } } },
      orderBy: [{ student: { name: 'asc' } }, { studentId: 'asc' }],
    })
    return rows.map(({ studentId, student, dueAt, dueLocal }) => ({
      ...{ student: studentId, name: student.name },
      dueAt: presentTime({ at: dueAt, local: dueLocal }, row.timeZone),
    }))
  }

  /** @throws ApiError `invalid_request` unless it is later than the due time of all; `conflict` when it is never due */
  async set(who: Principal, id: string, studentId: string, dueAt: string): Promise<AssignmentExtension> {
    const { assignment, row } = await findAssignment(this.database, who, 'class.teach', id)
    if (assignment.dueAt === null) {
      throw new ApiError('conflict', 'this assignment is never due: nobody needs more time for it')
    }
    const { at, local } = readTime(dueAt, row.timeZone, 'ends')
    if (at <= assignment.dueAt) {
      throw new ApiError('invalid_request', 'dueAt: must be later than the due time of the assignment')
    }
    if (assignment.exam !== null) assertExamLength(assignment.opensAt ?? assignment.dueAt, at)
    const { prisma } = this.database
    const student = await prisma.classMember.findFirst({
      where: { id: studentId, classId: row.id, role: 'student' },
    })
    if (student === null) throw notFound('student')
    const data = { dueAt: at, dueLocal: local }
    await prisma.assignmentExtension.upsert({
      where: { assignmentId_studentId: { assignmentId: id, studentId } },
      create: { assignmentId: id, studentId, ...data },
      update: data,
    })
    await reopenAttempts(this.database.pool, id)
    await audit(prisma, who, 'assignment.extension', id, {
      ...{ title: assignment.title, of: student.name, until: at.toISOString() },
    })
    return { student: studentId, name: student.name, dueAt: presentTime({ at, local }, row.timeZone) }
  }

  async remove(who: Principal, id: string, studentId: string): Promise<void> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const { prisma } = this.database
    const student = await prisma.classMember.findFirst({ where: { id: studentId } })
    const { count } = await prisma.assignmentExtension.deleteMany({ where: { assignmentId: id, studentId } })
    if (count === 0) throw notFound('extension')
    await audit(prisma, who, 'assignment.extension_remove', id, {
      ...{ title: assignment.title, of: student?.name ?? '' },
    })
  }
}
