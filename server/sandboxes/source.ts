import { storedLimits } from '../../protocol/api/index.js'
import { ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'

/** Of a sandbox that a student begins an assignment in. */
export interface Begun {
  readonly assignmentId: string
  /** The snapshot that the assignment begins with, which is the tenant's, and not for students to find. */
  readonly source: Source | undefined
}
export type Source = Awaited<ReturnType<typeof sourceOf>>

/**
 * The snapshot that a sandbox is to be made from.
 * @throws ApiError `not_found`, also when it is another tenant's or is still being taken
 */
export async function sourceOf(database: Database, who: Principal, id: string) {
  const row = ofTenant(who, await database.prisma.snapshot.findUnique({ where: { id } }), 'snapshot')
  if (!row.ready) throw notFound('snapshot')
  const { ownerId, template, templateId, nodeId, limits } = row
  return { id, ownerId, template, templateId, nodeId, limits: storedLimits.parse(limits) }
}
