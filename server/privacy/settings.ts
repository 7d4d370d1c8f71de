import type pg from 'pg'
import { type ChangePrivacy, type PrivacySettings, privacySettings } from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'

/** What the operator says of data about people: for all tenants. */
export async function privacyOf(client: Pick<pg.Pool, 'query'>): Promise<PrivacySettings> {
  const { rows } = await client.query('SELECT "timeStatistics", "studentTimes", "activityDays" FROM privacy')
  return privacySettings.parse(rows[0])
}

/** Whether classes may show their staff minutes of each student. */
export const timesAllowed = ({ timeStatistics, studentTimes }: PrivacySettings): boolean =>
  timeStatistics && studentTimes

/** The same, for operators, who change it. */
export class PrivacyService {
  constructor(private readonly database: Database) {}

  get(who: Principal): Promise<PrivacySettings> {
    assertMay(who, 'privacy.read')
    return privacyOf(this.database.pool)
  }

  /** Changes what is named. */
  async change(who: Principal, wanted: ChangePrivacy): Promise<PrivacySettings> {
    assertMay(who, 'privacy.change')
    const { timeStatistics, studentTimes, activityDays } = wanted
    await this.database.pool.query(
      `UPDATE privacy SET "timeStatistics" = coalesce($1, "timeStatistics"), "studentTimes" = coalesce($2, "studentTimes"),
         "activityDays" = coalesce($3, "activityDays")`,
      [timeStatistics ?? null, studentTimes ?? null, activityDays ?? null],
    )
    const now = await privacyOf(this.database.pool)
    await auditNode(this.database.prisma, who, 'privacy.change', 'privacy', { ...now })
    return now
  }
}
