import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CheckedReceipt, SubmissionReceipt } from '../../protocol/api/index.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { findSubmission } from './access.js'
import type { SubmissionRow } from './rows.js'

/** Receipts: they say what was handed in and when, also when nobody remembers it. */
export class Receipts {
  constructor(
    private readonly database: Database,
    private readonly secret: string,
  ) {}

  async of(who: Principal, id: string): Promise<SubmissionReceipt> {
    return this.sealed(who.tenantId, await findSubmission(this.database, who, id))
  }

  /** Of whoever may: the caller has asked. */
  sealed(tenantId: string, row: SubmissionRow): SubmissionReceipt {
    const stated = {
      submission: row.id,
      assignment: { id: row.assignmentId, title: row.title },
      class: { id: row.classId, name: row.className },
      student: row.studentName,
      ...{ number: row.number, at: row.at.toISOString(), digest: row.digest },
      ...{ files: row.files, bytes: row.bytes },
    }
    return { ...stated, seal: this.#sealOf(tenantId, stated) }
  }

  async check(who: Principal, receipt: SubmissionReceipt): Promise<CheckedReceipt> {
    assertMay(who, 'class.read')
    const { seal, ...stated } = receipt
    const right = Buffer.from(this.#sealOf(who.tenantId, stated))
    const given = Buffer.from(seal)
    const valid = right.length === given.length && timingSafeEqual(right, given)
    if (!valid) return { valid, stored: false }
    const where = { id: stated.submission, tenantId: who.tenantId, digest: stated.digest }
    return { valid, stored: (await this.database.prisma.submission.count({ where })) > 0 }
  }

  /** Of a tenant's own: one of another is none here. */
  #sealOf(tenantId: string, stated: Omit<SubmissionReceipt, 'seal'>): string {
    const { submission, assignment, class: of, student, number, at, digest, files, bytes } = stated
    const parts = [tenantId, submission, assignment.id, assignment.title, of.id, of.name, student]
    const text = JSON.stringify([...parts, number, at, digest, files, bytes])
    return createHmac('sha256', this.secret).update(`receipt ${text}`).digest('base64url')
  }
}
