import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import type { Assignment as Row } from '../../../prisma/generated/client.js'
import {
  type AssignmentFileKind,
  assignmentBounds,
  type CoursePreview,
  type CreateAssignment,
  newId,
} from '../../../protocol/api/index.js'
import { audit } from '../../audit.js'
import type { Principal } from '../../auth/principal.js'
import { seatIn } from '../../classes/access.js'
import { type Database, inTransaction } from '../../database/client.js'
import { ApiError, notFound } from '../../errors.js'
import { packFiles, readArchive, type StarterFile } from '../archive.js'
import { begunBeforeExam, reopenAttempts } from '../attempts.js'
import { type AssignmentFiles, countFiles, insertFiles } from '../files.js'
import { putInOrder } from '../organising.js'
import { requireRoom } from '../service.js'
import type { Sources } from '../sources.js'
import { assertOrder, timeColumns } from '../times.js'
import {
  type CourseAssignment,
  courseOf,
  filesOf,
  foldersOf,
  hashOf,
  readCourse,
  sameForm,
  wantedOf,
} from './archive.js'

/** Of one archive. It is held in memory. */
const bounds = { files: 20_000, bytes: 64 * 1024 * 1024, pathBytes: 1200 }

const kinds = ['starter', 'hidden'] as const satisfies readonly AssignmentFileKind[]
/** Of each kind: paths with their hashes, in order. */
type Hashes = Record<AssignmentFileKind, string[]>

interface PlannedAssignment {
  readonly one: CourseAssignment
  /** Null: it is new. */
  readonly row: Row | null
  readonly id: string
  /** What of it changes; all of a new one. */
  readonly fields: readonly string[]
  readonly before: string
}

/** All assignments of a class as one archive, and back. */
export class Courses {
  constructor(
    private readonly database: Database,
    private readonly sources: Sources,
    private readonly files: AssignmentFiles,
  ) {}

  /** A tar: `course.yaml`, and a folder for each assignment. The same course is the same archive. */
  async pack(who: Principal, classId: string): Promise<Readable> {
    const { row } = await seatIn(this.database, who, 'class.look', classId)
    const rows = await this.database.prisma.assignment.findMany({
      where: { classId },
      orderBy: [{ position: 'asc' }, { id: 'asc' }],
    })
    const folders = foldersOf(rows)
    const { files } = this
    async function* all(): AsyncGenerator<StarterFile> {
      yield courseOf(row.name, row.timeZone, folders)
      for (const [at, one] of rows.entries()) {
        const folder = folders[at] ?? one.id
        yield* filesOf(one, folder)
        for (const [kind, below] of [
          ['starter', 'starter'],
          ['hidden', 'tests'],
        ] as const) {
          for await (const file of files.contents(one.id, kind)) {
            yield { ...file, path: `${folder}/${below}/${file.path}` }
          }
        }
      }
    }
    return Readable.from(packFiles(all(), undefined, 0n), { objectMode: false })
  }

  /** What importing an archive would do; nothing is changed. @throws ApiError `invalid_request` that names the file */
  async preview(who: Principal, classId: string, body: Readable): Promise<CoursePreview> {
    await seatIn(this.database, who, 'class.teach', classId)
    const { assignments, ignored } = readCourse(await readArchive(body, bounds))
    const planned = await planOf(this.database.pool, classId, assignments)
    await this.#assertSources(who, planned)
    return previewOf(planned, ignored)
  }

  /** Does what a preview said, all of it or nothing. @throws ApiError `conflict` when the class has changed since */
  async apply(who: Principal, classId: string, body: Readable, digest: string): Promise<CoursePreview> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { assignments, ignored } = readCourse(await readArchive(body, bounds))
    await this.#assertSources(who, await planOf(this.database.pool, classId, assignments))
    const preview = await inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [who.tenantId])
      const { rows } = await client.query<{ timeZone: string }>(
        'SELECT "timeZone" FROM class WHERE id = $1 FOR NO KEY UPDATE',
        [classId],
      )
      if (rows[0] === undefined) throw notFound('class')
      const planned = await planOf(client, classId, assignments)
      const shown = previewOf(planned, ignored)
      if (shown.digest !== digest) {
        throw new ApiError('conflict', 'the class has changed since the preview; look at a new one')
      }
      for (const one of planned) await write(client, who, classId, rows[0].timeZone, one)
      const { rows: all } = await client.query<{ id: string }>(
        'SELECT id FROM assignment WHERE "classId" = $1 ORDER BY position, id',
        [classId],
      )
      requireRoom(all.length, 0)
      const first = planned.map(({ id }) => id)
      await putInOrder(client, [...first, ...all.map(({ id }) => id).filter((id) => !first.includes(id))])
      return shown
    })
    const { added, changed } = preview
    await audit(this.database.prisma, who, 'assignment.import', classId, {
      ...{ class: row.name, added: added.length, changed: changed.length },
    })
    return preview
  }

  async #assertSources(who: Principal, planned: readonly PlannedAssignment[]): Promise<void> {
    const known = new Set<string>()
    for (const { one, fields } of planned) {
      const key = JSON.stringify(one.wanted.source)
      if (!fields.includes('source') || known.has(key)) continue
      known.add(key)
      await this.sources.assert(who, one.wanted.source).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error
        throw new ApiError(error.code, `${one.folder}: ${error.message}`)
      })
    }
  }
}

async function planOf(
  client: Pick<pg.PoolClient, 'query'>,
  classId: string,
  assignments: readonly CourseAssignment[],
): Promise<PlannedAssignment[]> {
  const { rows } = await client.query<Row>(
    'SELECT * FROM assignment WHERE "classId" = $1 ORDER BY position, id',
    [classId],
  )
  const { rows: files } = await client.query<{ id: string; kind: string; told: string[] }>(
    `SELECT "assignmentId" AS id, kind, array_agg(path || ' ' || executable::TEXT || ' ' || encode(sha256(content), 'hex') ORDER BY path COLLATE "C") AS told
     FROM assignment_file JOIN assignment ON assignment.id = "assignmentId" WHERE "classId" = $1 GROUP BY 1, 2`,
    [classId],
  )
  return assignments.map((one, at) => {
    const row = rows.find(({ id, origin }) => one.id !== undefined && (origin ?? id) === one.id) ?? null
    const now: Hashes = { starter: hashesOf(one.starter), hidden: hashesOf(one.hidden) }
    const then = (kind: AssignmentFileKind) =>
      files.find((file) => file.id === row?.id && file.kind === kind)?.told ?? []
    const wanted = sameForm(one.wanted)
    if (row === null) {
      return { one, row, id: newId('as'), fields: [...Object.keys(wanted), ...kinds], before: '' }
    }
    const stored = wantedOf(row)
    const names = [...Object.keys(wanted)].filter(
      (name) => !isDeepStrictEqual(part(wanted, name), part(stored, name)),
    )
    const changed = kinds.filter((kind) => !isDeepStrictEqual(now[kind], then(kind)))
    const isMoved = rows.indexOf(row) !== at
    const fields = [...names, ...changed, ...(isMoved ? ['position'] : [])]
    const before = hashOf(JSON.stringify([row.id, row.position, stored, then('starter'), then('hidden')]))
    return { one, row, id: row.id, fields, before }
  })
}

const part = (of: CreateAssignment, name: string): unknown =>
  Object.entries(of).find(([key]) => key === name)?.[1]

const hashesOf = (files: readonly StarterFile[]) =>
  files
    .toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)))
    .map(({ path, executable, content }) => `${path} ${executable} ${hashOf(content)}`)

function previewOf(planned: readonly PlannedAssignment[], ignored: string[]): CoursePreview {
  const told = (one: PlannedAssignment) => ({ folder: one.one.folder, title: one.one.wanted.title })
  const content = planned.map(({ one, row, fields, before }) => [
    ...[one.folder, row?.id ?? null, fields, before, sameForm(one.wanted)],
    ...[hashesOf(one.starter), hashesOf(one.hidden)],
  ])
  return {
    digest: hashOf(JSON.stringify(content)),
    added: planned.filter(({ row }) => row === null).map(told),
    changed: planned
      .filter(({ row, fields }) => row !== null && fields.length > 0)
      .map((one) => ({ ...told(one), fields: [...one.fields] })),
    unchanged: planned.filter(({ fields }) => fields.length === 0).length,
    ignored,
  }
}

async function write(
  client: pg.PoolClient,
  who: Principal,
  classId: string,
  timeZone: string,
  { one, row, id, fields }: PlannedAssignment,
): Promise<void> {
  if (fields.length === 0) return
  const { title, text, published, source, limits, network, readOnly, steps, tests, grading, rubric, exam } =
    one.wanted
  const times = timeColumns(one.wanted, timeZone)
  try {
    assertOrder({ ...times, exam })
    if (row !== null && row.exam === null && exam !== null) await requireNotBegun(client, id)
  } catch (error) {
    throw error instanceof ApiError ? new ApiError(error.code, `${one.folder}: ${error.message}`) : error
  }
  const columns = {
    ...{
      title,
      text,
      published,
      ...times,
      source,
      limits,
      network,
      readOnly,
      steps,
      tests,
      grading,
      rubric,
      exam,
    },
    updatedAt: new Date(),
  }
  if (row === null) {
    const { assignments } = assignmentBounds
    const made = {
      ...{ ...columns, id, classId, tenantId: who.tenantId, position: assignments, origin: one.id ?? null },
      ...{ createdBy: who.actor, createdAt: new Date() },
      ...{ starterFiles: 0, starterBytes: 0, hiddenFiles: 0, hiddenBytes: 0 },
    }
    await client.query('INSERT INTO assignment SELECT * FROM jsonb_populate_record(null::assignment, $1)', [
      JSON.stringify(made),
    ])
  } else {
    const set = Object.keys(columns)
      .map((name) => `"${name}" = new."${name}"`)
      .join(', ')
    await client.query(
      `UPDATE assignment SET ${set} FROM jsonb_populate_record(null::assignment, $1) AS new WHERE assignment.id = $2`,
      [JSON.stringify(columns), id],
    )
    await reopenAttempts(client, id)
  }
  for (const kind of kinds) {
    if (!fields.includes(kind)) continue
    await client.query('DELETE FROM assignment_file WHERE "assignmentId" = $1 AND kind = $2', [id, kind])
    await insertFiles(client, id, kind, one[kind])
  }
  await countFiles(client, who.tenantId, id)
}

/** @throws ApiError `conflict` when students have begun what is to become an exam */
async function requireNotBegun(client: pg.PoolClient, id: string): Promise<void> {
  await client.query('SELECT FROM assignment WHERE id = $1 FOR UPDATE', [id])
  const begun = await client.query('SELECT FROM assignment_work WHERE "assignmentId" = $1 LIMIT 1', [id])
  if (begun.rowCount !== 0) throw begunBeforeExam()
}
