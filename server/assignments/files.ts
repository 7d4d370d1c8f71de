import { Readable } from 'node:stream'
import type pg from 'pg'
import { type AssignmentFile, type AssignmentFileKind, assignmentBounds } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { findAssignment } from './access.js'
import { assertFits, assertTree, packFiles, readArchive, type StarterFile, tooMuch } from './archive.js'

/** Read and written at once: whole assignments are many of these. */
const batchBytes = 1024 * 1024

/** The files of assignments: those that students begin with, and those of the tests. They are rows, so that they outlive nodes. */
export class AssignmentFiles {
  constructor(private readonly database: Database) {}

  async list(who: Principal, id: string, kind: AssignmentFileKind): Promise<AssignmentFile[]> {
    await findAssignment(this.database, who, 'class.look', id)
    return this.#list(id, kind)
  }

  /** All of them as tar. */
  async pack(who: Principal, id: string, kind: AssignmentFileKind): Promise<Readable> {
    await findAssignment(this.database, who, 'class.look', id)
    return Readable.from(packFiles(this.contents(id, kind)), { objectMode: false })
  }

  async read(who: Principal, id: string, kind: AssignmentFileKind, path: string): Promise<Buffer> {
    await findAssignment(this.database, who, 'class.look', id)
    const { rows } = await this.database.pool.query<{ content: Buffer }>(
      'SELECT content FROM assignment_file WHERE "assignmentId" = $1 AND kind = $2 AND path = $3',
      [id, kind, path],
    )
    if (rows[0] === undefined) throw new ApiError('file_not_found', `${path} is no ${kind} file`)
    return rows[0].content
  }

  /** In the place of those that were there. @throws ApiError as `readArchive`; `quota_exceeded` */
  async replace(
    who: Principal,
    id: string,
    kind: AssignmentFileKind,
    body: Readable,
  ): Promise<AssignmentFile[]> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const files = await readArchive(body)
    await this.#changing(who, id, async (client) => {
      await client.query('DELETE FROM assignment_file WHERE "assignmentId" = $1 AND kind = $2', [id, kind])
      await insertFiles(client, id, kind, files)
    })
    await this.#audit(who, assignment, kind)
    return this.#list(id, kind)
  }

  /** One more, or another content of one. @throws ApiError `payload_too_large`, `quota_exceeded` */
  async write(
    who: Principal,
    id: string,
    kind: AssignmentFileKind,
    file: Omit<StarterFile, 'content'>,
    body: Readable,
  ): Promise<AssignmentFile[]> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    const content = await wholeFile(body)
    await this.#changing(who, id, async (client) => {
      await client.query(
        'DELETE FROM assignment_file WHERE "assignmentId" = $1 AND kind = $2 AND path = $3',
        [id, kind, file.path],
      )
      await insertFiles(client, id, kind, [{ ...file, content }])
    })
    await this.#audit(who, assignment, kind)
    return this.#list(id, kind)
  }

  async remove(who: Principal, id: string, kind: AssignmentFileKind, path: string): Promise<void> {
    const { assignment } = await findAssignment(this.database, who, 'class.teach', id)
    await this.#changing(who, id, async (client) => {
      const { rowCount } = await client.query(
        'DELETE FROM assignment_file WHERE "assignmentId" = $1 AND kind = $2 AND path = $3',
        [id, kind, path],
      )
      if (rowCount === 0) throw new ApiError('file_not_found', `${path} is no ${kind} file`)
    })
    await this.#audit(who, assignment, kind)
  }

  /** Of whoever may: the caller has asked. In their order, some at a time. @param only these, or what is below them */
  async *contents(
    id: string,
    kind: AssignmentFileKind,
    only?: readonly string[],
  ): AsyncGenerator<StarterFile> {
    const isWanted = ({ path }: { path: string }) =>
      only === undefined || only.some((one) => path === one || path.startsWith(`${one}/`))
    const files = (await this.#list(id, kind)).filter(isWanted)
    while (files.length > 0) {
      const paths: string[] = []
      for (let bytes = 0; files[0] !== undefined && (paths.length === 0 || bytes < batchBytes); ) {
        bytes += files[0].sizeBytes
        paths.push(files[0].path)
        files.shift()
      }
      const { rows } = await this.database.pool.query<StarterFile>(
        `SELECT path, executable, content FROM assignment_file
         WHERE "assignmentId" = $1 AND kind = $2 AND path = ANY($3) ORDER BY path`,
        [id, kind, paths],
      )
      yield* rows
    }
  }

  async #list(id: string, kind: AssignmentFileKind): Promise<AssignmentFile[]> {
    const { rows } = await this.database.pool.query<AssignmentFile>(
      `SELECT path, length(content) AS "sizeBytes", executable FROM assignment_file
       WHERE "assignmentId" = $1 AND kind = $2 ORDER BY path`,
      [id, kind],
    )
    return rows
  }

  #changing(who: Principal, id: string, change: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    return inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [who.tenantId])
      const { rowCount } = await client.query('SELECT FROM assignment WHERE id = $1 FOR UPDATE', [id])
      if (rowCount === 0) throw notFound('assignment')
      await change(client)
      await countFiles(client, who.tenantId, id)
    })
  }

  #audit(who: Principal, { id, title }: { id: string; title: string }, kind: AssignmentFileKind) {
    return audit(this.database.prisma, who, 'assignment.files', id, { title, kind })
  }
}

/** Some at a time: what PostgreSQL is sent of a file is twice as long. */
export async function insertFiles(
  client: pg.PoolClient,
  id: string,
  kind: AssignmentFileKind,
  files: readonly StarterFile[],
): Promise<void> {
  for (let at = 0; at < files.length; ) {
    const some: StarterFile[] = []
    for (let bytes = 0; at < files.length && (some.length === 0 || bytes < batchBytes); at++) {
      const file = files[at]
      if (file === undefined) break
      some.push(file)
      bytes += file.content.length
    }
    await client.query(
      `INSERT INTO assignment_file ("assignmentId", kind, path, executable, content)
       SELECT $1, $2, * FROM unnest($3::TEXT[], $4::BOOLEAN[], $5::BYTEA[])`,
      [
        ...[id, kind, some.map(({ path }) => path), some.map(({ executable }) => executable)],
        some.map(({ content }) => content),
      ],
    )
  }
}

/**
 * Writes down how many files an assignment has, in a transaction that has locked its tenant.
 * @throws ApiError `payload_too_large`, `quota_exceeded`, `invalid_request`
 */
export async function countFiles(client: pg.PoolClient, tenantId: string, id: string): Promise<void> {
  const { rows } = await client.query<{ kind: string; paths: string[]; bytes: number }>(
    `SELECT kind, array_agg(path) AS paths, sum(length(content))::INTEGER AS bytes FROM assignment_file
     WHERE "assignmentId" = $1 GROUP BY kind`,
    [id],
  )
  for (const { paths } of rows) assertTree(paths)
  const of = (kind: AssignmentFileKind) => {
    const one = rows.find((row) => row.kind === kind)
    return { files: one?.paths.length ?? 0, bytes: one?.bytes ?? 0 }
  }
  const [starter, hidden] = [of('starter'), of('hidden')]
  assertFits(starter.files + hidden.files, starter.bytes + hidden.bytes)
  await client.query(
    `UPDATE assignment SET "starterFiles" = $2, "starterBytes" = $3, "hiddenFiles" = $4, "hiddenBytes" = $5,
       "updatedAt" = now() AT TIME ZONE 'UTC'
     WHERE id = $1`,
    [id, starter.files, starter.bytes, hidden.files, hidden.bytes],
  )
  const { rows: all } = await client.query<{ bytes: string }>(
    'SELECT coalesce(sum("starterBytes" + "hiddenBytes"), 0) AS bytes FROM assignment WHERE "tenantId" = $1',
    [tenantId],
  )
  if (Number(all[0]?.bytes) > assignmentBounds.tenantBytes) {
    throw new ApiError(
      'quota_exceeded',
      `the files of all assignments of a tenant have at most ${assignmentBounds.tenantBytes / 1024 ** 2} MiB; delete some`,
    )
  }
}

/** A body that is one file. @throws ApiError `payload_too_large` */
async function wholeFile(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > assignmentBounds.filesBytes) {
      throw tooMuch(`the files of an assignment have at most ${assignmentBounds.filesBytes / 1024 ** 2} MiB`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}
