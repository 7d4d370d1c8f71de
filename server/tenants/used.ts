import type pg from 'pg'
import { type QuotaUsed, quotaUsed } from '../../protocol/api/index.js'

/** What a tenant's sandboxes hold of its quota. */
export async function usedBy(pool: pg.Pool, tenantId: string): Promise<QuotaUsed> {
  const { rows } = await pool.query(`SELECT * FROM held_by($1, '')`, [tenantId])
  return quotaUsed.parse(rows[0])
}
