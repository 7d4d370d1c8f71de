import { type ChooseStudents, type LessonOutcome, newId } from '../../protocol/api/index.js'
import type { Assignments } from '../assignments/index.js'
import { storedPaths } from '../assignments/rows.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { SnapshotService } from '../snapshots/service.js'
import { findRunning } from './access.js'
import { forEachStudent } from './each.js'
import { studentsOf } from './students.js'

/** Each stops and starts a sandbox. */
const atOnce = 3

/** Brings the work of students back to what the assignment begins with. */
export class LessonResetting {
  constructor(
    private readonly database: Database,
    private readonly snapshots: SnapshotService,
    private readonly assignments: Assignments,
  ) {}

  /**
   * A snapshot of what was there is taken first, so nothing is lost. A sandbox that runs is stopped for it, and runs again.
   * @throws ApiError `conflict` for a lesson without an assignment, and for one that has ended; `invalid_request` for who is no student
   */
  async reset(who: Principal, id: string, { students: only }: ChooseStudents): Promise<LessonOutcome> {
    const found = await findRunning(this.database, who, 'class.teach', id)
    const { assignmentId } = found.lesson
    const { prisma, pool } = this.database
    const assignment =
      assignmentId === null ? null : await prisma.assignment.findUnique({ where: { id: assignmentId } })
    if (assignment === null) {
      throw new ApiError('conflict', 'this lesson has no assignment, so there is nothing to reset to')
    }
    const students = await studentsOf(this.database, found, only)
    const source = await this.assignments.sources.forStudents(assignment)
    const readOnly = storedPaths.parse(assignment.readOnly)
    const sender = { ...who, unattended: true }
    const outcome = await forEachStudent(students, atOnce, async (sandboxId, { sandboxName, userId }) => {
      const at = new Date().toISOString().slice(0, 16)
      const name = `${(sandboxName ?? '').slice(0, 20)} before reset ${at}Z ${newId('sn').slice(-4)}`
      const { before } =
        source === undefined
          ? await this.snapshots.reset(sender, sandboxId, assignment.title, name)
          : await this.snapshots.restore(sender, sandboxId, { snapshot: source.id, name })
      await this.assignments.starting.write(sender, sandboxId, assignment.id, undefined, readOnly)
      await pool.query(
        `UPDATE assignment_work SET steps = '{}', "checkedAt" = NULL WHERE "assignmentId" = $1 AND "userId" = $2`,
        [assignment.id, userId],
      )
      return before.name
    })
    const count = outcome.students.filter((one) => one.outcome === 'done').length
    await audit(prisma, who, 'lesson.reset', id, { class: found.row.name, title: assignment.title, count })
    return outcome
  }
}
