import { Readable } from 'node:stream'
import { inPieces, tarEnd, tarHeader, tarPadding } from '../../common/tar/write.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { databaseNow } from '../database/now.js'
import type { Gradings } from '../grading/index.js'
import type { Submissions } from '../submissions/index.js'
import { type SubmissionRow, standingOf, submissionRow } from '../submissions/rows.js'
import { type Document, documentsOf } from './documents.js'
import { findStudent } from './find.js'

/** All that a class has of one student, as an archive. */
export class StudentExports {
  constructor(
    private readonly database: Database,
    private readonly submissions: Pick<Submissions, 'contents' | 'receipts'>,
    private readonly gradings: Gradings,
  ) {}

  /** A tar that is made while it is read. @throws ApiError `not_found`, `forbidden` */
  async of(who: Principal, classId: string, studentId: string): Promise<{ archive: Readable; name: string }> {
    const { database } = this
    const student = await findStudent(database, who, 'student_data.read', classId, studentId)
    const { rows } = await database.pool.query(
      `${standingOf('task."classId" = $1 AND one."userId" = $2 AND one."tenantId" = $3')} ORDER BY at, id`,
      [classId, student.userId ?? '', who.tenantId],
    )
    const handed = rows.map((row) => submissionRow.parse(row))
    const documents = await documentsOf(database, who, this.gradings, student, handed)
    const receipts = handed.map((row): Document => {
      return [`receipts/${row.id}.json`, this.submissions.receipts.sealed(who.tenantId, row)]
    })
    await audit(database.prisma, who, 'class.student_export', classId, {
      ...{ class: student.row.name, student: student.placeId ?? student.userId },
    })
    const at = await databaseNow(database.pool)
    const packed = this.#pack(who.tenantId, [...documents, ...receipts], handed, at)
    const name = `${student.row.name} ${student.name}.tar`.replaceAll('/', '_')
    return { archive: Readable.from(packed, { objectMode: false }), name }
  }

  async *#pack(
    tenantId: string,
    documents: readonly Document[],
    handed: readonly SubmissionRow[],
    at: Date,
  ): AsyncGenerator<Uint8Array> {
    const modifiedNs = BigInt(at.getTime()) * 1_000_000n
    for (const [name, content] of documents) {
      const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`)
      const header = tarHeader({
        ...{ type: 'file', name: Buffer.from(name), target: Buffer.alloc(0), xattrs: new Map() },
        ...{ sizeBytes: bytes.length, modifiedNs, mode: 0o644, uid: 1000, gid: 1000 },
      })
      yield* inPieces([header, bytes, tarPadding(bytes.length)])
    }
    for (const row of handed) {
      const folder = `submissions/${row.assignmentId}/${row.number}/`
      yield* this.submissions.contents.packed(tenantId, row, { folder })
    }
    yield tarEnd
  }
}
