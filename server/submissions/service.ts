import type { Assignment } from '../../prisma/generated/client.js'
import type { Submission } from '../../protocol/api/index.js'
import { type Found, findAssignment } from '../assignments/access.js'
import { storedGrading, storedSteps, storedTests } from '../assignments/rows.js'
import { assertOpen } from '../assignments/starting.js'
import type { WorkLists } from '../assignments/work.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { tell } from '../database/notices.js'
import { databaseNow } from '../database/now.js'
import { ApiError } from '../errors.js'
import type { Turns } from '../turns.js'
import { findSubmission } from './access.js'
import type { HomeReader } from './home.js'
import { present } from './rows.js'
import { type Handed, storeSubmission } from './store.js'

/** Takes what students hand in. */
export class SubmissionService {
  constructor(
    private readonly database: Database,
    private readonly homes: HomeReader,
    private readonly work: WorkLists,
    private readonly turns: Turns,
  ) {}

  /**
   * Stores the home directory of the student who calls, as it is now. What was asked for in time is in time, however long it takes to
   * be read. When this returns it is on the disk of the database.
   *
   * @param id of the submission, unless the same content was handed in a moment ago
   * @throws ApiError `conflict` before the assignment opens, after it is over, and when there is nothing to hand in;
   *   `payload_too_large`, which names the largest paths; `quota_exceeded`
   */
  async submit(who: Principal, assignmentId: string, id: string): Promise<Submission> {
    const at = await databaseNow(this.database.pool)
    const found = await findAssignment(this.database, who, 'class.study', assignmentId)
    assertOpen(found, at)
    const stored = await this.turns.take(who.userId ?? '', () => this.#take(who, found, id, at))
    return present(await findSubmission(this.database, who, stored))
  }

  /** The same when an earlier try may have stored it under this id. */
  async resume(who: Principal, assignmentId: string, id: string): Promise<Submission> {
    const known = await findSubmission(this.database, who, id).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'not_found') return undefined
      throw error
    })
    return known === undefined ? this.submit(who, assignmentId, id) : present(known)
  }

  async #take(who: Principal, { assignment, row }: Found, id: string, at: Date): Promise<string> {
    const userId = who.userId ?? ''
    const { prisma, pool } = this.database
    const { sandbox } = await this.work.of(assignment.id, userId, storedSteps.parse(assignment.steps))
    if (sandbox === null) {
      throw new ApiError('conflict', 'there is nothing to hand in: start this assignment first')
    }
    const taken = await this.homes.read(who, sandbox, assignment.id)
    if (taken.files.length === 0) {
      throw new ApiError(
        'conflict',
        'there is nothing to hand in: no file is in the home directory but settings and what is left out, such as .git and node_modules',
      )
    }
    const place = await prisma.classMember.findFirst({ where: { classId: row.id, userId } })
    const handed: Handed = {
      ...{ id, tenantId: who.tenantId, assignmentId: assignment.id, userId, at, actor: who.actor },
      ...{ name: place?.name ?? who.actor, title: assignment.title, isGraded: isGraded(assignment) },
      ...{ isExam: assignment.exam !== null, automatic: false },
    }
    const stored = await inTransaction(pool, (client) => storeSubmission(client, handed, taken))
    if (handed.isGraded) await tell(this.database.relaxed, { type: 'gradings' }).catch(() => {}) // they are looked for
    return stored
  }
}

/** Whether tests are run when something is handed in. */
export const isGraded = ({ grading, tests }: Pick<Assignment, 'grading' | 'tests'>): boolean =>
  storedGrading.parse(grading).automatic && storedTests.parse(tests).length > 0
