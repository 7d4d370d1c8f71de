import type { Submission } from '../../protocol/api/index.js'
import { type Found, findAssignment } from '../assignments/access.js'
import { storedGrading, storedSteps, storedTests } from '../assignments/rows.js'
import { assertOpen } from '../assignments/starting.js'
import type { WorkLists } from '../assignments/work.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { tell } from '../database/notices.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { SandboxService } from '../sandboxes/service.js'
import { findSubmission } from './access.js'
import { type Exclusions, exclusionsOf } from './exclusions.js'
import { refusalOf } from './largest.js'
import { readHome, type Taken, TooMuch } from './read.js'
import { present } from './rows.js'
import { storeSubmission } from './store.js'
import type { Turns } from './turns.js'

const home = '/home/user'
/** A home directory of what may be handed in is read within a second. */
const patienceMs = 60_000

/** Takes what students hand in. */
export class SubmissionService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
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
    const at = await this.#now()
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
    const taken = await this.#read(who, sandbox, assignment.id)
    if (taken.files.length === 0) {
      throw new ApiError(
        'conflict',
        'there is nothing to hand in: no file is in the home directory but settings and what is left out, such as .git and node_modules',
      )
    }
    const place = await prisma.classMember.findFirst({ where: { classId: row.id, userId } })
    const handed = {
      ...{ id, tenantId: who.tenantId, assignmentId: assignment.id, userId, at, actor: who.actor },
      ...{ name: place?.name ?? who.actor, title: assignment.title },
      isGraded:
        storedGrading.parse(assignment.grading).automatic && storedTests.parse(assignment.tests).length > 0,
    }
    const stored = await inTransaction(pool, (client) => storeSubmission(client, handed, taken))
    if (handed.isGraded) await tell(this.database.relaxed, { type: 'gradings' }).catch(() => {}) // they are looked for
    return stored
  }

  /** @throws ApiError `payload_too_large`, `runtime_unavailable` */
  async #read(who: Principal, sandbox: string, assignmentId: string): Promise<Taken> {
    const node = await this.sandboxes.authorize(who, 'file.read', sandbox)
    const { rows } = await this.database.pool.query<{ path: string }>(
      `SELECT path FROM assignment_file WHERE "assignmentId" = $1 AND kind = 'starter'`,
      [assignmentId],
    )
    const exclusions = exclusionsOf(rows.map(({ path }) => path))
    try {
      return await this.#archive(node, sandbox, exclusions)
    } catch (error) {
      throw error instanceof TooMuch ? await refusalOf(error, node, sandbox, exclusions) : error
    }
  }

  async #archive(node: RuntimeClient, sandbox: string, exclusions: Exclusions): Promise<Taken> {
    const late = AbortSignal.timeout(patienceMs)
    const query = { path: home, handIn: exclusions.names.join('/') }
    const stream = await node.stream('GET', `/sandboxes/${sandbox}/archive`, query, undefined, late)
    const end = () =>
      void stream.destroy(new ApiError('conflict', 'the files took too long to read; try again'))
    late.addEventListener('abort', end)
    try {
      return await readHome(stream, exclusions)
    } finally {
      late.removeEventListener('abort', end)
      stream.destroy()
    }
  }

  /** By the clock of the database, which all servers share. */
  async #now(): Promise<Date> {
    const { rows } = await this.database.pool.query<{ now: Date }>(
      `SELECT (clock_timestamp() AT TIME ZONE 'UTC')::TIMESTAMP(3) AS now`,
    )
    return rows[0]?.now ?? new Date()
  }
}
