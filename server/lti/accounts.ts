import type pg from 'pg'
import { z } from 'zod'
import { classBounds, type LtiRole, newId } from '../../protocol/api/index.js'
import { makeAccounts } from '../classes/enrolling.js'
import { putStaff } from '../classes/staffing.js'
import { ApiError } from '../errors.js'

/** Somebody as a platform tells of them. */
export interface PlatformPerson {
  readonly subject: string
  readonly name: string
  readonly role: LtiRole
}

/** Whose accounts: of a tenant, for the people of one issuer. */
export interface Realm {
  readonly tenantId: string
  readonly issuer: string
}

const standingOf = (role: LtiRole) => (role === 'student' ? 'student' : 'staff')
const account = z.object({ subject: z.string(), standing: z.string(), userId: z.string() })
const keyOf = (subject: string, standing: string) => `${standing} ${subject}`

/**
 * The accounts of people, by issuer and subject and by nothing else: an e-mail address is what the platform says, and would let it into
 * accounts that others have made. Each is managed by the tenant and acts in it alone. In a transaction that has locked the tenant.
 *
 * @returns of each person the account, made where there was none (`isNew`)
 */
export async function accountsOf(
  client: pg.PoolClient,
  { tenantId, issuer }: Realm,
  people: readonly PlatformPerson[],
): Promise<Map<PlatformPerson, { userId: string; isNew: boolean }>> {
  const known = await knownAccounts(client, { tenantId, issuer }, people)
  const userIdOf = (one: PlatformPerson) => known.get(keyOf(one.subject, standingOf(one.role)))
  const made = new Set<string>()
  for (const standing of ['student', 'staff'] as const) {
    const missing = people.filter((one) => standingOf(one.role) === standing && userIdOf(one) === undefined)
    const ids = await makeAccounts(client, tenantId, missing, standing === 'student' ? 'student' : 'member')
    const rows = missing.map(({ subject }, at) => ({ subject, userId: ids[at] ?? '' }))
    await client.query(
      `INSERT INTO lti_account ("tenantId", issuer, subject, standing, "userId")
       SELECT $1, $2, subject, $3, "userId" FROM jsonb_to_recordset($4::JSONB) AS one(subject TEXT, "userId" TEXT)`,
      [tenantId, issuer, standing, JSON.stringify(rows)],
    )
    for (const { subject, userId } of rows) {
      known.set(keyOf(subject, standing), userId)
      made.add(userId)
    }
  }
  return new Map(
    people.map((one) => {
      const userId = userIdOf(one) ?? ''
      return [one, { userId, isNew: made.has(userId) }]
    }),
  )
}

/** Those that there are, by standing and subject, as members of the tenant. */
async function knownAccounts(
  client: pg.PoolClient,
  { tenantId, issuer }: Realm,
  people: readonly PlatformPerson[],
): Promise<Map<string, string>> {
  const { rows } = await client.query(
    `SELECT one.subject, one.standing, one."userId", member.role FROM lti_account AS one
     LEFT JOIN member ON member."tenantId" = one."tenantId" AND member."userId" = one."userId"
     WHERE one."tenantId" = $1 AND one.issuer = $2 AND one.subject = ANY($3)`,
    [tenantId, issuer, people.map(({ subject }) => subject)],
  )
  const wanted = new Set(people.map(({ subject, role }) => keyOf(subject, standingOf(role))))
  for (const row of rows) {
    const { subject, standing } = account.parse(row)
    if (!wanted.has(keyOf(subject, standing))) continue
    // Whoever an owner has removed stays out, and whom they have promoted is not signed in by a platform.
    const role = standing === 'student' ? 'student' : 'member'
    if (row.role === null) throw removed()
    if (row.role !== role) throw promoted(role)
  }
  return new Map(
    rows.map((row) => account.parse(row)).map((one) => [keyOf(one.subject, one.standing), one.userId]),
  )
}

const removed = () =>
  new ApiError(
    'forbidden',
    'your account was removed from this tenant; ask an owner, who can delete or restore it',
  )
const promoted = (role: string) =>
  new ApiError(
    'forbidden',
    `your account here is not that of a ${role} any more, and a platform signs nobody in to others; sign in with your own password`,
  )

/**
 * Puts somebody into the class of their course, or changes what they are there: the platform decides. In a transaction that has locked
 * tenant and class.
 */
export async function enterClass(
  client: pg.PoolClient,
  { tenantId, classId }: { tenantId: string; classId: string },
  { userId, name, role }: { userId: string; name: string; role: LtiRole },
): Promise<void> {
  if (role !== 'student') return putStaff(client, { tenantId, classId }, { userId, name, role })
  const { rows } = await client.query(
    `SELECT count(*) FILTER (WHERE "classId" = $1)::INTEGER AS count, count(*)::INTEGER AS all
     FROM class_member WHERE "tenantId" = $2 AND role = 'student'`,
    [classId, tenantId],
  )
  const isFull =
    Number(rows[0]?.count) >= classBounds.students || Number(rows[0]?.all) >= classBounds.enrolments
  const { rowCount } = await client.query(
    `INSERT INTO class_member (id, "classId", "tenantId", "userId", role, name, "joinedAt")
     SELECT $1, $2, $3, $4, 'student', $5, now() AT TIME ZONE 'UTC' WHERE NOT $6
     ON CONFLICT ("classId", "userId") DO NOTHING`,
    [newId('cs'), classId, tenantId, userId, name, isFull],
  )
  if (rowCount === 1 || !isFull) return
  const { rowCount: there } = await client.query(
    'SELECT FROM class_member WHERE "classId" = $1 AND "userId" = $2',
    [classId, userId],
  )
  if (there === 0)
    throw new ApiError('quota_exceeded', 'this class has no room for more students; tell your teacher')
}
