import type pg from 'pg'
import { classBounds, newId } from '../../protocol/api/index.js'
import { newSignInNames } from '../auth/sign-in-names.js'
import { ApiError, notFound } from '../errors.js'
import { requireRoomForPeople } from '../tenants/bounds.js'
import { isArchived } from '../tenants/joining.js'

/** A student who is to be in a class. */
export interface Enrolment {
  readonly name: string
  /** Null: an account is made for them. In small letters. */
  readonly email: string | null
  readonly number: string | null
  readonly sectionId: string | null
  readonly groupId: string | null
}

/** Who of a tenant has one of these addresses. */
export async function membersWith(
  client: Pick<pg.Pool, 'query'>,
  tenantId: string,
  emails: readonly string[],
): Promise<Map<string, { userId: string; role: string }>> {
  const { rows } = await client.query<{ email: string; userId: string; role: string }>(
    `SELECT lower("user".email) AS email, member."userId", member.role FROM member JOIN "user" ON "user".id = member."userId"
     WHERE member."tenantId" = $1 AND lower("user".email) = ANY($2)`,
    [tenantId, emails],
  )
  return new Map(rows.map(({ email, userId, role }) => [email, { userId, role }]))
}

/**
 * What the rows of a transaction begin with that enrols students: nobody else changes the tenant's people or the class meanwhile.
 * Every lock of a class is `NO KEY`: a row that refers to it, such as an invitation that is stored with the tenant locked, need not
 * wait for who has the class and waits for the tenant.
 */
export async function lockClass(client: pg.PoolClient, tenantId: string, classId: string): Promise<void> {
  await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
  await client.query('SELECT FROM class WHERE id = $1 FOR NO KEY UPDATE', [classId])
}

/** Of a class that is locked. @throws ApiError when it is archived; `not_found` */
export async function requireOpen(client: pg.PoolClient, classId: string): Promise<void> {
  const { rows } = await client.query('SELECT "archivedAt" FROM class WHERE id = $1', [classId])
  if (rows[0] === undefined) throw notFound('class')
  if (rows[0].archivedAt !== null) throw isArchived()
}

/**
 * Puts students into a class, in a transaction that has locked it. Addresses are expected, and who has none gets an account
 * without a code.
 *
 * @param of `links`: whoever is a student of the tenant and has the address is in the class at once. For owners and admins: a
 *   teacher would see the work of students of others by naming them, and would learn who is in the tenant
 * @returns their ids, in the order of the list
 * @throws ApiError `quota_exceeded`; `conflict` when an address is of the tenant's staff
 */
export async function enrol(
  client: pg.PoolClient,
  { tenantId, classId, links }: { tenantId: string; classId: string; links: boolean },
  list: readonly Enrolment[],
): Promise<string[]> {
  const { rows: counted } = await client.query(
    `SELECT count(*) FILTER (WHERE "classId" = $1)::INTEGER AS count, count(*)::INTEGER AS all
     FROM class_member WHERE "tenantId" = $2 AND role = 'student'`,
    [classId, tenantId],
  )
  const count = Number(counted[0]?.count)
  if (count + list.length > classBounds.students) {
    throw new ApiError(
      'quota_exceeded',
      `a class has at most ${classBounds.students} students, and this one has ${count}`,
    )
  }
  const everywhere = Number(counted[0]?.all)
  if (everywhere + list.length > classBounds.enrolments) {
    throw new ApiError(
      'quota_exceeded',
      `the classes of a tenant have at most ${classBounds.enrolments} students together, and these have ${everywhere}; delete old classes`,
    )
  }
  const emails = list.flatMap(({ email }) => (email === null ? [] : [email]))
  const known = await membersWith(client, tenantId, links ? emails : [])
  const accounts = await makeAccounts(
    client,
    tenantId,
    list.filter(({ email }) => email === null),
  )
  const students = list.map((one) => {
    const member = one.email === null ? undefined : known.get(one.email)
    if (member !== undefined && member.role !== 'student') {
      throw new ApiError(
        'conflict',
        `${one.email} belongs to the staff of this tenant, and cannot be a student of it`,
      )
    }
    const userId = one.email === null ? (accounts.shift() ?? null) : (member?.userId ?? null)
    return { ...one, id: newId('cs'), userId }
  })
  await client.query(
    `INSERT INTO class_member (id, "classId", "tenantId", "userId", role, name, email, number, "sectionId", "groupId", "joinedAt")
     SELECT id, $1, $2, "userId", 'student', name, email, number, "sectionId", "groupId",
       CASE WHEN "userId" IS NOT NULL AND email IS NOT NULL THEN now() AT TIME ZONE 'UTC' END
     FROM jsonb_to_recordset($3::JSONB) AS one(id TEXT, "userId" TEXT, name TEXT, email TEXT, number TEXT, "sectionId" TEXT,
       "groupId" TEXT)`,
    [classId, tenantId, JSON.stringify(students)],
  )
  return students.map(({ id }) => id)
}

/**
 * Accounts of a tenant without an e-mail address and without a code: nobody can sign in to one until it has a card, or by a learning
 * platform. In a transaction that has locked the tenant.
 * @returns their ids
 */
export async function makeAccounts(
  client: pg.PoolClient,
  tenantId: string,
  list: readonly { name: string }[],
  role: 'student' | 'member' = 'student',
): Promise<string[]> {
  if (list.length === 0) return []
  await requireRoomForPeople(client, tenantId, role, list.length)
  const names = await newSignInNames(list.length, async (some) => {
    const { rows } = await client.query<{ username: string }>(
      'SELECT username FROM "user" WHERE username = ANY($1)',
      [some],
    )
    return rows.map(({ username }) => username)
  })
  const users = list.map(({ name }, at) => {
    const id = newId('us')
    // better-auth wants an address. No mail is ever sent, and no such name exists (RFC 2606).
    return { id, memberId: newId('mb'), name, username: names[at], email: `${id}@student.invalid` }
  })
  const values = [tenantId, JSON.stringify(users)]
  await client.query(
    `INSERT INTO "user" (id, name, email, username, "managedById", "updatedAt")
     SELECT id, name, email, username, $1, now() AT TIME ZONE 'UTC'
     FROM jsonb_to_recordset($2::JSONB) AS one(id TEXT, name TEXT, email TEXT, username TEXT)`,
    values,
  )
  await client.query(
    `INSERT INTO member (id, "tenantId", "userId", role)
     SELECT "memberId", $1, id, $3 FROM jsonb_to_recordset($2::JSONB) AS one(id TEXT, "memberId" TEXT)`,
    [...values, role],
  )
  return users.map(({ id }) => id)
}
