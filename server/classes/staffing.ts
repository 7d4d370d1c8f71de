import type pg from 'pg'
import { type ClassStaffRole, classBounds, newId } from '../../protocol/api/index.js'
import { ApiError, notFound } from '../errors.js'

/**
 * Makes a member of the tenant a teacher or an assistant, in a transaction that has locked tenant and class: nobody becomes a
 * student meanwhile.
 * @throws ApiError `not_found`; `conflict` for a student; `quota_exceeded`
 */
export async function putStaff(
  client: pg.PoolClient,
  { tenantId, classId }: { tenantId: string; classId: string },
  { userId, name, role }: { userId: string; name: string; role: ClassStaffRole },
): Promise<void> {
  const { rows } = await client.query('SELECT role FROM member WHERE "tenantId" = $1 AND "userId" = $2', [
    ...[tenantId, userId],
  ])
  if (rows[0] === undefined) throw notFound('member')
  if (rows[0].role === 'student') {
    throw new ApiError('conflict', 'a student of the tenant cannot teach in it; change their role first')
  }
  const { rows: counted } = await client.query(
    `SELECT count(*)::INTEGER AS count FROM class_member WHERE "classId" = $1 AND role <> 'student' AND "userId" <> $2`,
    [classId, userId],
  )
  if (Number(counted[0]?.count) >= classBounds.staff) {
    throw new ApiError('quota_exceeded', `a class has at most ${classBounds.staff} teachers and assistants`)
  }
  await client.query(
    `INSERT INTO class_member (id, "classId", "tenantId", "userId", role, name, "joinedAt")
     VALUES ($1, $2, $3, $4, $5, $6, now() AT TIME ZONE 'UTC')
     ON CONFLICT ("classId", "userId") DO UPDATE SET role = EXCLUDED.role`,
    [newId('cs'), classId, tenantId, userId, role, name],
  )
}
