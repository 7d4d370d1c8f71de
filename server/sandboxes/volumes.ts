import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'

/** The node that has all of these volumes; undefined without any. @throws ApiError `not_found`; `conflict` when there are several */
export async function nodeOfVolumes(
  database: Database,
  { tenantId }: Pick<Principal, 'tenantId'>,
  ids: readonly string[],
): Promise<string | undefined> {
  if (ids.length === 0) return undefined
  const rows = await database.prisma.volume.findMany({
    where: { id: { in: [...ids] }, tenantId, ready: true, ofId: null },
  })
  if (rows.length < new Set(ids).size) throw notFound('volume')
  const [first, ...others] = new Set(rows.map(({ nodeId }) => nodeId))
  if (others.length > 0) throw new ApiError('conflict', 'these volumes are on different nodes')
  return first
}
