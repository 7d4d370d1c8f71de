import type { DiskUse, UsageQuery, UsageReport } from '../../protocol/api/index.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { DiskUses } from './disk.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A year by the hour; whoever wants more asks for it in pieces. */
const longestMs = 366 * dayMs

/** What the caller's tenant used, by the hour. */
export class UsageService {
  constructor(
    private readonly database: Database,
    private readonly disks: DiskUses,
  ) {}

  /** What the tenant has on disks now. */
  async disk(who: Principal): Promise<DiskUse> {
    assertMay(who, 'usage.read')
    return (await this.disks.read(who.tenantId)).of(who.tenantId)
  }

  /** @throws ApiError `invalid_request` for a period that is none or too long */
  async report(who: Principal, query: UsageQuery): Promise<UsageReport> {
    assertMay(who, 'usage.read')
    const to = query.to === undefined ? new Date() : new Date(query.to)
    const from = query.from === undefined ? new Date(to.getTime() - dayMs) : new Date(query.from)
    if (from >= to) throw new ApiError('invalid_request', '`from` must be before `to`')
    if (to.getTime() - from.getTime() > longestMs) {
      throw new ApiError('invalid_request', 'the period is longer than 366 days; request a shorter one')
    }
    const rows = await this.database.prisma.usageHour.findMany({
      // The hour in which `from` lies belongs to it.
      where: { tenantId: who.tenantId, hour: { gt: new Date(from.getTime() - hourMs), lt: to } },
      orderBy: { hour: 'asc' },
    })
    const hours = rows.map(({ tenantId: _, hour, ...used }) => ({ hour: hour.toISOString(), ...used }))
    return { from: from.toISOString(), to: to.toISOString(), hours }
  }
}
