import type pg from 'pg'
import type { Role } from '../../protocol/api/index.js'
import { type ExamsOf, examsOf, noExams } from './exams.js'

/** Whose work somebody sees, of the students of their tenant. What is no student's all staff see. */
export interface Sight {
  /** The member that this depends on; null for owners, admins, their keys, and students, who have no need of it. */
  readonly of: string | null
  /** Null: of all students. `AccessWatch` keeps it as it is in the database for as long as something is open. */
  owners: ReadonlySet<string> | null
  /** Of the person who calls, or who made the key: while one goes on nothing but its work is there for them. */
  readonly exams: ExamsOf
}

/** Of what the installation does by itself, and of keys that nobody in particular made. */
export const wholeSight = (): Sight => ({ of: null, owners: null, exams: noExams() })

/** Whoever sees by the classes they teach in is looked up, and everybody else sees by their role; all by their exams. */
export async function sightOf(
  pool: pg.Pool,
  tenantId: string,
  userId: string | null,
  role: Role,
): Promise<Sight> {
  if (userId === null) return wholeSight()
  const isMember = role === 'member'
  const [[owners], found] = await Promise.all([
    isMember ? seenOwners(pool, [{ tenantId, userId }]) : [null],
    examsOf(pool, [userId]),
  ])
  const exams = { of: userId, all: found.get(userId) ?? [] }
  return { of: isMember ? userId : null, owners: owners ?? null, exams }
}

/** Of each member: the students of the classes they teach or assist in; null in a tenant without classes. */
export async function seenOwners(
  pool: pg.Pool,
  members: readonly { tenantId: string; userId: string }[],
): Promise<(ReadonlySet<string> | null)[]> {
  const { rows } = await pool.query<{ owners: string[] | null }>({
    name: 'seen-owners',
    text: `SELECT seen_owners(asked.tenant, asked.member) AS owners
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(tenant, member, at) ORDER BY asked.at`,
    values: [members.map(({ tenantId }) => tenantId), members.map(({ userId }) => userId)],
  })
  return rows.map(({ owners }) => (owners === null ? null : new Set(owners)))
}
