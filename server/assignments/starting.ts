import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { every } from '../../common/timers.js'
import { type AssignmentWork, createSandbox, newId } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { presentTime } from '../classes/wall-clock.js'
import type { Database } from '../database/client.js'
import { databaseNow } from '../database/now.js'
import { ApiError, notFound } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { Begun, Source } from '../sandboxes/source.js'
import { type Found, findAssignment } from './access.js'
import { packFiles, type StarterFile } from './archive.js'
import { beginAttempt } from './attempts.js'
import type { AssignmentFiles } from './files.js'
import { examOf, storedLimits, storedNetwork, storedPaths, storedSource } from './rows.js'
import type { Sources } from './sources.js'
import { stateOf, timesOf } from './times.js'
import type { WorkLists } from './work.js'

const leaseSeconds = 15
const renewMs = 4000
/** So long somebody waits for another call that begins the same. */
const patienceMs = 60_000
const lookMs = 150

const now = `now() AT TIME ZONE 'UTC'`
const lease = `${now} + interval '${leaseSeconds} seconds'`
const isThere = `EXISTS (SELECT FROM sandbox WHERE id = work."sandboxId" AND "deletedAt" IS NULL)`
const isDeleted = `EXISTS (SELECT FROM sandbox WHERE id = work."sandboxId" AND "deletedAt" IS NOT NULL)`

/**
 * Takes the work of a student, unless it has its sandbox, or somebody begins it at this moment. The id of the sandbox is in the row
 * before there is one: whoever goes on with what a server has begun that died finds the same.
 */
const take = `
  INSERT INTO assignment_work AS work (id, "assignmentId", "userId", "sandboxId", "startHolder", "startUntil")
  VALUES ($1, $2, $3, $4, $5, ${lease})
  ON CONFLICT ("assignmentId", "userId") DO UPDATE SET "startHolder" = excluded."startHolder", "startUntil" = ${lease},
    "sandboxId" = CASE WHEN work.ready OR work."sandboxId" IS NULL OR ${isDeleted} THEN excluded."sandboxId"
      ELSE work."sandboxId" END,
    ready = false
  WHERE (work."startUntil" IS NULL OR work."startUntil" < ${now}) AND NOT (work.ready AND ${isThere})
  RETURNING "sandboxId"`
const renew = `UPDATE assignment_work SET "startUntil" = ${lease} WHERE "startHolder" = $1 AND "startUntil" IS NOT NULL`
const finish = `
  UPDATE assignment_work SET ready = true, "startUntil" = NULL, "startedAt" = coalesce("startedAt", ${now})
  WHERE "startHolder" = $1 AND "startUntil" IS NOT NULL`
const release = `UPDATE assignment_work SET "startUntil" = NULL WHERE "startHolder" = $1`

/** Begins assignments: one sandbox for each student, whichever servers and browsers ask for it at once. */
export class Starting {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly sources: Sources,
    private readonly files: AssignmentFiles,
    private readonly work: WorkLists,
    private readonly log: Logger,
  ) {}

  /**
   * Answers when the sandbox runs with the starter files in it; at once when it does already. One that was deleted is made anew, and in
   * an exam too: with the starter files, and nothing else.
   * @throws ApiError `conflict` before it opens and after it is over; as creating a sandbox
   */
  async start(who: Principal, id: string): Promise<AssignmentWork> {
    const found = await findAssignment(this.database, who, 'class.study', id)
    const userId = who.userId ?? ''
    const { steps } = found.assignment
    for (const until = Date.now() + patienceMs; Date.now() < until; await sleep(lookMs)) {
      const known = await this.work.of(id, userId, steps)
      if (known.sandbox !== null) return known
      assertOpen(found, await databaseNow(this.database.pool))
      const holder = newId('tr')
      const { rows } = await this.database.pool
        .query<{ sandboxId: string }>(take, [newId('wk'), id, userId, newId('sb'), holder])
        .catch((error: unknown) => {
          throw isGone(error) ? notFound('assignment') : error
        })
      if (rows[0] === undefined) continue
      // It may have become an exam, or be over, since it was looked up; from now on it becomes none.
      const held = await findAssignment(this.database, who, 'class.study', id)
      if (held.assignment.exam !== null) {
        assertOpen(held, await databaseNow(this.database.pool))
        await beginAttempt(this.database.pool, who, id)
      }
      if (await this.#make(who, held, rows[0].sandboxId, holder)) return this.work.of(id, userId, steps)
    }
    throw new ApiError('conflict', 'this assignment is being started elsewhere; try again', 2)
  }

  /** @returns whether it was still this call's */
  async #make(who: Principal, found: Found, sandboxId: string, holder: string): Promise<boolean> {
    const { assignment } = found
    const { pool, prisma } = this.database
    using _ = every(renewMs, 'holding on to the start of an assignment', this.log, () =>
      pool.query(renew, [holder]),
    )
    try {
      const source = await this.sources.forStudents(assignment)
      await this.#sandbox(who, found, sandboxId, source)
      const readOnly = storedPaths.parse(assignment.readOnly)
      await this.write(who, sandboxId, assignment.id, undefined, readOnly)
      const { rowCount } = await pool.query(finish, [holder])
      if (rowCount === 0) return false
    } catch (error) {
      await pool.query(release, [holder]).catch(() => {}) // then it ends by itself
      throw isGone(error) ? notFound('assignment') : error
    }
    await audit(prisma, who, 'assignment.start', assignment.id, {
      ...{ title: assignment.title, sandbox: sandboxId },
    })
    return true
  }

  async #sandbox(who: Principal, { assignment }: Found, id: string, source: Source | undefined) {
    const from = storedSource.parse(assignment.source)
    const limits = storedLimits.parse(assignment.limits)
    const wanted = createSandbox.parse({
      ...('template' in from ? { template: from.template } : {}),
      ...(limits === null ? {} : { limits }),
      network: examOf(assignment)?.network ?? storedNetwork.parse(assignment.network),
      name: nameOf(assignment.title),
    })
    const begun: Begun = { assignmentId: assignment.id, source }
    const make = (name: string) =>
      this.sandboxes.resumeCreation(who, { ...wanted, name }, id, undefined, begun)
    try {
      await make(nameOf(assignment.title))
    } catch (error) {
      const isTaken = error instanceof ApiError && error.existingId !== undefined && error.existingId !== id
      if (!isTaken) throw error
      await make(`${nameOf(assignment.title)} ${id.slice(-4)}`)
    }
  }

  /** Writes starter files into a sandbox, as they are. @param only these, or what is below them */
  async write(
    who: Principal,
    sandboxId: string,
    assignmentId: string,
    only: readonly string[] | undefined,
    readOnly: readonly string[],
  ): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'file.write', sandboxId)
    const isKept = (path: string) => readOnly.some((one) => path === one || path.startsWith(`${one}/`))
    const mode = ({ path, executable }: StarterFile) =>
      (executable ? 0o755 : 0o644) & (isKept(path) ? 0o555 : 0o777)
    const packed = Readable.from(packFiles(this.files.contents(assignmentId, 'starter', only), mode), {
      objectMode: false,
    })
    await node.send('PUT', `/sandboxes/${sandboxId}/archive`, { path: '/home/user' }, packed)
  }
}

const isGone = (error: unknown) => error instanceof pg.DatabaseError && error.code === '23503'

/** @throws ApiError `conflict` before it opens, and after it is over */
export function assertOpen({ assignment, extension, row }: Found, now = new Date()): void {
  if (row.archivedAt !== null) {
    throw new ApiError('conflict', 'this class is archived: nothing is begun or handed in')
  }
  const times = timesOf(assignment, extension)
  const state = stateOf(assignment.published, times, now)
  const shown = (time: typeof times.due) =>
    time === null ? '' : presentTime(time, row.timeZone).local.replace('T', ' ')
  if (state === 'scheduled') {
    throw new ApiError('conflict', `this assignment opens at ${shown(times.opens)} (${row.timeZone})`)
  }
  if (state === 'closed') {
    const end = times.late?.until ?? times.due
    throw new ApiError('conflict', `this assignment has been over since ${shown(end)} (${row.timeZone})`)
  }
}

/** What a sandbox is called that is for it, with room for a number. */
function nameOf(title: string): string {
  let name = ''
  for (const character of title) {
    if (name.length + character.length > 58) break
    name += character
  }
  return name.trim()
}
