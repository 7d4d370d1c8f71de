import type pg from 'pg'
import {
  type Assignment,
  type AssignmentSummary,
  type ImportAssignmentTests,
  type ImportedTests,
  newId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import { keepWallClocks } from '../classes/wall-clock.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { findAssignment } from './access.js'
import { countFiles } from './files.js'
import { importTests } from './imports/tests.js'
import { storedSource, storedTests } from './rows.js'
import { type AssignmentService, requireRoom } from './service.js'
import type { Sources } from './sources.js'

/** What a copy has of the assignment that it is of. It begins as a draft, and nobody has more time for it. */
const copied = `"tenantId", text, "opensAt", "opensLocal", "dueAt", "dueLocal", "latePercent", "lateUntil", "lateLocal", source, limits,
  network, "readOnly", steps, tests, grading, rubric, exam`

/** The order of assignments, copies of them, their moves to other classes, and tests from elsewhere. */
export class Organising {
  constructor(
    private readonly database: Database,
    private readonly sources: Sources,
    private readonly assignments: AssignmentService,
  ) {}

  /** @throws ApiError `conflict` unless these are all of the class: somebody has made or deleted one meanwhile */
  async order(who: Principal, classId: string, ids: readonly string[]): Promise<AssignmentSummary[]> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    await inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM class WHERE id = $1 FOR NO KEY UPDATE', [classId])
      const { rows } = await client.query<{ id: string }>('SELECT id FROM assignment WHERE "classId" = $1', [
        classId,
      ])
      const named = new Set(ids)
      if (named.size !== ids.length || rows.length !== ids.length || rows.some(({ id }) => !named.has(id))) {
        throw new ApiError(
          'conflict',
          `name each of the ${rows.length} assignments of the class once; they may have changed meanwhile`,
        )
      }
      await putInOrder(client, ids)
    })
    await audit(this.database.prisma, who, 'assignment.order', classId, { class: row.name })
    return this.assignments.list(who, classId)
  }

  /** A draft with the same files, at the end of this or another class. @throws ApiError `not_found`, `quota_exceeded` */
  async duplicate(
    who: Principal,
    id: string,
    { class: into, title }: { class?: string | undefined; title?: string | undefined },
  ): Promise<Assignment> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const classId = into ?? assignment.classId
    await seatIn(this.database, who, 'class.teach', classId)
    await this.sources.assert(who, storedSource.parse(assignment.source))
    const made = newId('as')
    await inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [who.tenantId])
      const { timeZone, last } = await lockClass(client, classId)
      const { rowCount } = await client.query(
        `INSERT INTO assignment (id, "classId", position, title, published, "createdBy", ${copied})
         SELECT $1, $2, $3, coalesce($4, title), false, $5, ${copied} FROM assignment WHERE id = $6`,
        [made, classId, last + 1, title ?? null, who.actor, id],
      )
      if (rowCount === 0) throw notFound('assignment')
      await client.query(
        `INSERT INTO assignment_file ("assignmentId", kind, path, executable, content)
         SELECT $1, kind, path, executable, content FROM assignment_file WHERE "assignmentId" = $2`,
        [made, id],
      )
      await countFiles(client, who.tenantId, made)
      if (classId !== assignment.classId) await keepWallClocks(client, classId, timeZone)
    })
    await audit(this.database.prisma, who, 'assignment.create', made, { title: title ?? assignment.title })
    return this.assignments.get(who, made)
  }

  /** To the end of another class. Additional time of students of this class goes. @throws ApiError `conflict` when somebody has begun */
  async move(who: Principal, id: string, classId: string): Promise<Assignment> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    if (classId === assignment.classId) return this.assignments.get(who, id)
    await inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM class WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE', [
        [classId, assignment.classId],
      ])
      const { timeZone, last } = await lockClass(client, classId)
      const { rowCount } = await client.query(
        'SELECT FROM assignment WHERE id = $1 AND "classId" = $2 FOR UPDATE',
        [...[id, assignment.classId]],
      )
      if (rowCount === 0) throw notFound('assignment')
      const begun = await client.query('SELECT FROM assignment_work WHERE "assignmentId" = $1 LIMIT 1', [id])
      if (begun.rowCount !== 0) {
        throw new ApiError(
          'conflict',
          'students have begun this assignment; duplicate it into the other class',
        )
      }
      await client.query('DELETE FROM assignment_extension WHERE "assignmentId" = $1', [id])
      await client.query(
        `UPDATE assignment SET "classId" = $2, position = $3, "updatedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`,
        [id, classId, last + 1],
      )
      await keepWallClocks(client, classId, timeZone)
    })
    await audit(this.database.prisma, who, 'assignment.move', id, {
      title: assignment.title,
      class: row.name,
    })
    return this.assignments.get(who, id)
  }

  /** Tests of GitHub Classroom or Classroom 50, behind those that there are. @throws ApiError `invalid_request`, `quota_exceeded` */
  async importTests(who: Principal, id: string, wanted: ImportAssignmentTests): Promise<ImportedTests> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const read = importTests(wanted.file, wanted.content)
    if (wanted.preview) return read
    const known = storedTests.parse(assignment.tests)
    const taken = new Set(known.map((one) => one.id))
    const more = read.tests.map((one) => {
      let { id } = one
      for (let number = 2; taken.has(id); number++) id = `${one.id.slice(0, 56)}-${number}`
      taken.add(id)
      return { ...one, id }
    })
    await this.assignments.change(who, id, { tests: [...known, ...more] })
    return { ...read, tests: more }
  }
}

/** @throws ApiError `not_found`, `quota_exceeded` */
async function lockClass(client: pg.PoolClient, id: string): Promise<{ timeZone: string; last: number }> {
  const { rows } = await client.query<{ timeZone: string }>(
    'SELECT "timeZone" FROM class WHERE id = $1 FOR NO KEY UPDATE',
    [id],
  )
  if (rows[0] === undefined) throw notFound('class')
  const { rows: counted } = await client.query<{ count: number; last: number }>(
    `SELECT count(*)::INTEGER AS count, coalesce(max(position), -1) AS last FROM assignment WHERE "classId" = $1`,
    [id],
  )
  const { count = 0, last = -1 } = counted[0] ?? {}
  requireRoom(count, 1)
  return { timeZone: rows[0].timeZone, last }
}

export async function putInOrder(client: pg.PoolClient, ids: readonly string[]): Promise<void> {
  await client.query(
    `UPDATE assignment SET position = at - 1 FROM unnest($1::TEXT[]) WITH ORDINALITY AS named(which, at) WHERE id = which`,
    [ids],
  )
}
