import type pg from 'pg'

const utc = "now() AT TIME ZONE 'UTC'"
/** A retry comes within minutes; a day is what other APIs promise. */
const idempotencyHours = 24
/** What a deleted sandbox was called, for its lines in the audit log. */
const deletedSandboxDays = 90
/** Of one account. A session more ends the one that was used least recently. */
export const maxSessions = 200
/** Rows of one statement: it must not hold locks for long. */
const batch = 5000

/**
 * What is worth nothing any more, and would otherwise grow without end. Nothing of it is a tenant's data: runs, files,
 * usage and the audit log are not in it.
 */
const forgotten: readonly string[] = [
  `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  `DELETE FROM session WHERE id IN (
    SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY "userId" ORDER BY "updatedAt" DESC) AS at FROM session) AS each
    WHERE at > ${maxSessions} LIMIT ${batch})`,
  `DELETE FROM verification WHERE id IN (SELECT id FROM verification WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  `DELETE FROM password_reset WHERE "expiresAt" < ${utc}`,
  `DELETE FROM invitation WHERE id IN (SELECT id FROM invitation WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  `DELETE FROM share WHERE id IN (SELECT id FROM share WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  // One that comes late, after it was used, still ends what was made of it.
  `DELETE FROM oauth_code WHERE hash IN (
    SELECT hash FROM oauth_code WHERE "expiresAt" < ${utc} - interval '1 day' LIMIT ${batch})`,
  `DELETE FROM api_key WHERE id IN (SELECT id FROM api_key WHERE client IS NOT NULL AND "expiresAt" < ${utc} LIMIT ${batch})`,
  `DELETE FROM preview_code WHERE hash IN (SELECT hash FROM preview_code WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  `DELETE FROM preview_session WHERE hash IN (SELECT hash FROM preview_session WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  `DELETE FROM ssh_access WHERE "expiresAt" < ${utc}`,
  `DELETE FROM ssh_session WHERE id IN (SELECT id FROM ssh_session WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  ...['lti_nonce', 'lti_launch', 'lti_registration'].map(
    (table) =>
      `DELETE FROM ${table} WHERE hash IN (SELECT hash FROM ${table} WHERE "expiresAt" < ${utc} LIMIT ${batch})`,
  ),
  // One that has no answer yet may be held by somebody who works on it.
  `DELETE FROM idempotency WHERE ("tenantId", key) IN (
    SELECT "tenantId", key FROM idempotency WHERE "createdAt" < ${utc} - interval '${idempotencyHours} hours'
      AND ("heldUntil" IS NULL OR "heldUntil" < ${utc}) LIMIT ${batch})`,
  // No creation hangs for so long.
  `DELETE FROM disowned_sandbox WHERE id IN (
    SELECT id FROM disowned_sandbox WHERE at < ${utc} - interval '${deletedSandboxDays} days' LIMIT ${batch})`,
  `DELETE FROM abandoned_claim WHERE (id, "nodeId") IN (
    SELECT id, "nodeId" FROM abandoned_claim WHERE NOT EXISTS (SELECT FROM sandbox WHERE sandbox.id = abandoned_claim.id)
    LIMIT ${batch})`,
  // As long as the operator says.
  `DELETE FROM active_time WHERE ("assignmentId", "userId", day) IN (
    SELECT "assignmentId", "userId", day FROM active_time WHERE day < (${utc})::DATE - (SELECT "activityDays" FROM privacy)
    LIMIT ${batch})`,
  // A trigger keeps the id: without it a sandbox that a node still has would be unknown instead of deleted.
  `DELETE FROM sandbox WHERE id IN (
    SELECT id FROM sandbox WHERE "deletedAt" < ${utc} - interval '${deletedSandboxDays} days' LIMIT ${batch})`,
]

/** Deletes rows whose time is over. */
export async function keepHouse(pool: pg.Pool): Promise<void> {
  for (const statement of forgotten) {
    for (;;) {
      const { rowCount } = await pool.query(statement)
      if ((rowCount ?? 0) < batch) break
    }
  }
}
