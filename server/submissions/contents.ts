import { Readable } from 'node:stream'
import { inPieces, tarEnd, tarHeader, tarPadding } from '../../common/tar/write.js'
import type { SubmissionFile } from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { findSubmission } from './access.js'
import type { SubmissionRow } from './rows.js'

/** Read at once: a submission is many of these. */
const batchBytes = 1024 * 1024

/** What is in submissions. Symbolic links are what they say, and never followed. */
export class SubmissionContents {
  constructor(private readonly database: Database) {}

  async list(who: Principal, id: string): Promise<SubmissionFile[]> {
    await findSubmission(this.database, who, id)
    return this.filesOf(id)
  }

  async read(who: Principal, id: string, path: string): Promise<Buffer> {
    const { tenantId } = await this.#find(who, id)
    const file = (await this.filesOf(id)).find((one) => one.path === path)
    if (file === undefined) throw new ApiError('file_not_found', `${path} is not in this submission`)
    if (file.target !== null) {
      throw new ApiError(
        'invalid_request',
        `${path} is a symbolic link to ${file.target}, which is not followed`,
      )
    }
    return (await this.contentsOf(tenantId, [file.digest])).get(file.digest) ?? Buffer.alloc(0)
  }

  /** All of it as tar. */
  async pack(who: Principal, id: string): Promise<{ archive: Readable; row: SubmissionRow }> {
    const { tenantId, row } = await this.#find(who, id)
    return { archive: Readable.from(ended(this.packed(tenantId, row)), { objectMode: false }), row }
  }

  /** The same of what was kept of a student in an exam. Whoever calls has asked. */
  packKept(tenantId: string, kept: { readonly id: string; readonly at: Date }): Readable {
    const packed = this.packed(tenantId, kept, { of: 'exam_snapshot_file' })
    return Readable.from(ended(packed), { objectMode: false })
  }

  /** Of whoever may: the caller has asked. In the order of their paths. */
  async filesOf(
    id: string,
    of: 'submission_file' | 'exam_snapshot_file' = 'submission_file',
  ): Promise<SubmissionFile[]> {
    const key = of === 'submission_file' ? 'submissionId' : 'snapshotId'
    const { rows } = await this.database.pool.query<SubmissionFile>(
      `SELECT file.path, CASE WHEN file.target IS NULL THEN 'file' ELSE 'symlink' END AS type, file.executable,
         coalesce(blob."sizeBytes", 0) AS "sizeBytes", file.target, file.digest
       FROM ${of} AS file
       LEFT JOIN submission_blob AS blob ON blob."tenantId" = file."tenantId" AND blob.digest = file.blob
       WHERE file."${key}" = $1 ORDER BY file.position`,
      [id],
    )
    return rows
  }

  /** By their digests. */
  async contentsOf(tenantId: string, digests: readonly string[]): Promise<Map<string, Buffer>> {
    const { rows } = await this.database.pool.query<{ digest: string; content: Buffer }>(
      'SELECT digest, content FROM submission_blob WHERE "tenantId" = $1 AND digest = ANY($2)',
      [tenantId, digests],
    )
    return new Map(rows.map(({ digest, content }) => [digest, content]))
  }

  /** The files as a tar that may go on. Of whoever may. @param folder that they are put into, with its slash */
  async *packed(
    tenantId: string,
    { id, at }: Pick<SubmissionRow, 'id' | 'at'>,
    { of, folder = '' }: { of?: 'exam_snapshot_file'; folder?: string } = {},
  ): AsyncGenerator<Uint8Array> {
    const modifiedNs = BigInt(at.getTime()) * 1_000_000n
    const files = await this.filesOf(id, of)
    while (files.length > 0) {
      const some: SubmissionFile[] = []
      for (let bytes = 0; files[0] !== undefined && (some.length === 0 || bytes < batchBytes); ) {
        bytes += files[0].sizeBytes
        some.push(...files.splice(0, 1))
      }
      const contents = await this.contentsOf(
        tenantId,
        some.map(({ digest }) => digest),
      )
      for (const { path, executable, target, digest } of some) {
        const content = target === null ? (contents.get(digest) ?? Buffer.alloc(0)) : Buffer.alloc(0)
        const header = tarHeader({
          ...{
            type: target === null ? 'file' : 'symlink',
            name: Buffer.from(`${folder}${path}`),
            xattrs: new Map(),
          },
          ...{ target: Buffer.from(target ?? ''), sizeBytes: content.length, modifiedNs },
          ...{ mode: executable ? 0o755 : 0o644, uid: 1000, gid: 1000 },
        })
        yield* inPieces([header, content, tarPadding(content.length)])
      }
    }
  }

  async #find(who: Principal, id: string): Promise<{ tenantId: string; row: SubmissionRow }> {
    return { tenantId: who.tenantId, row: await findSubmission(this.database, who, id) }
  }
}

async function* ended(members: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* members
  yield tarEnd
}
