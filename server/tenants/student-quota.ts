import type pg from 'pg'
import { z } from 'zod'
import {
  type ChangeStudentQuota,
  type Limits,
  type OwnStudentQuota,
  ownStudentQuota,
  type Quota,
  type StudentQuota,
  type StudentQuotaUsed,
  studentQuota,
  studentQuotaUsed,
} from '../../protocol/api/index.js'
import { type ApiError, studentQuotaExceeded } from '../errors.js'

type Client = Pick<pg.Pool, 'query'>

/** Whose something is or is to be: of a student, or of nobody in particular. */
interface Owner {
  readonly tenantId: string
  readonly ownerId: string
}

/** What one student may have at once, by their classes and their tenant; undefined for what is no student's. */
export async function studentQuotaOf(
  client: Client,
  { tenantId, ownerId }: Owner,
): Promise<StudentQuota | undefined> {
  if (ownerId === '') return undefined
  const { rows } = await client.query('SELECT student_quota($1, $2) AS quota', [tenantId, ownerId])
  return rows[0]?.quota == null ? undefined : studentQuota.parse(rows[0].quota)
}

export async function usedByStudent(client: Client, { tenantId, ownerId }: Owner): Promise<StudentQuotaUsed> {
  const { rows } = await client.query(`SELECT held_by_student($1, $2, '') AS held`, [tenantId, ownerId])
  return studentQuotaUsed.parse(rows[0]?.held)
}

/** What a tenant's quota leaves of it for one student, of what both bound. */
export function withinStudent(quota: Quota, own: StudentQuota | undefined): Quota {
  if (own === undefined) return quota
  const least = (part: 'sandboxes' | 'cpus' | 'memoryMiB' | 'diskMiB' | 'pids') =>
    Math.min(quota[part], own[part])
  return {
    ...quota,
    ...{ sandboxes: least('sandboxes'), cpus: least('cpus'), memoryMiB: least('memoryMiB') },
    ...{ diskMiB: least('diskMiB'), pids: least('pids') },
  }
}

const shortage = z.object({
  part: studentQuota.keyof(),
  most: z.number(),
  left: z.number(),
  asked: z.number(),
})

const refusal = (short: unknown): ApiError => {
  const { part, most, left, asked } = shortage.parse(short)
  return studentQuotaExceeded(part, most, left, asked)
}

/** The refusal that the database's `admit_sandbox` says by an error with the code CL004. */
export const studentShortage = (detail: string | undefined): ApiError => refusal(JSON.parse(detail ?? '{}'))

/**
 * Within a transaction that has locked the tenant, as every admission has.
 *
 * @param besides id of a sandbox that is there already and changes
 * @throws ApiError `quota_exceeded` when a student would have more than one may
 */
export async function requireRoomOfStudent(
  client: Client,
  { tenantId, ownerId }: Owner,
  wanted: Partial<StudentQuotaUsed>,
  besides = '',
): Promise<void> {
  if (ownerId === '') return
  const { rows } = await client.query('SELECT * FROM student_shortage($1, $2, $3, $4)', [
    ...[tenantId, ownerId, besides, JSON.stringify(wanted)],
  ])
  if (rows[0] !== undefined) throw refusal(rows[0])
}

/** What a sandbox holds of its student's bounds. @param awake false: its place and disk alone */
export const heldBySandbox = (
  { cpus, memoryMiB, diskMiB, pids }: Limits,
  awake = true,
): Partial<StudentQuotaUsed> =>
  awake ? { sandboxes: 1, awake: 1, cpus, memoryMiB, diskMiB, pids } : { sandboxes: 1, diskMiB }

/** Of a change of limits what grows: whoever has more than they may now can still have less. */
export function moreOfStudent(before: Limits, now: Limits, awake: boolean): Partial<StudentQuotaUsed> {
  const had: Record<string, number> = heldBySandbox(before, awake)
  return Object.fromEntries(
    Object.entries(heldBySandbox(now, awake)).filter(([part, amount]) => amount > (had[part] ?? 0)),
  )
}

/** What a tenant or a class says, as it is stored. */
export const storedStudentQuota = (stored: unknown): OwnStudentQuota =>
  ownStudentQuota.catch({}).parse(stored ?? {})

/** What somebody in a class has by what it says itself. */
export const studentQuotaBy = (said: OwnStudentQuota, otherwise: StudentQuota): StudentQuota =>
  studentQuota.parse({ ...otherwise, ...said })

/** What every student of a tenant has whose class says nothing. */
export async function studentQuotaOfTenant(
  client: Client,
  tenantId: string,
): Promise<{ said: OwnStudentQuota; limits: StudentQuota }> {
  const { rows } = await client.query(
    'SELECT default_student_quota() AS otherwise, "studentQuota" AS said FROM tenant WHERE id = $1',
    [tenantId],
  )
  const said = storedStudentQuota(rows[0]?.said)
  return { said, limits: studentQuotaBy(said, studentQuota.parse(rows[0]?.otherwise)) }
}

/**
 * Changes what a tenant or a class says, in a transaction that has locked it: of two changes at once both hold.
 * @returns what it says now
 */
export async function changeStudentQuota(
  client: Client,
  table: 'tenant' | 'class',
  { id, tenantId }: { id: string; tenantId: string },
  change: ChangeStudentQuota,
): Promise<OwnStudentQuota> {
  const { rows } = await client.query(`SELECT "studentQuota" AS said FROM ${table} WHERE id = $1`, [id])
  const merged = { ...storedStudentQuota(rows[0]?.said), ...change }
  const said = ownStudentQuota.parse(
    Object.fromEntries(Object.entries(merged).filter(([, amount]) => amount != null)),
  )
  await client.query(`UPDATE ${table} SET "studentQuota" = $2 WHERE id = $1`, [id, JSON.stringify(said)])
  await client.query('SELECT refresh_student_runs($1)', [tenantId])
  return said
}
