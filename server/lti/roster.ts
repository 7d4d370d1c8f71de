import { createHash } from 'node:crypto'
import type pg from 'pg'
import { z } from 'zod'
import type { LtiCourse, LtiPlatform } from '../../prisma/generated/client.js'
import type { LtiRosterPreview } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal, Principals } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import { lockClass, requireOpen } from '../classes/enrolling.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import { accountsOf, enterClass, type PlatformPerson } from './accounts.js'
import { type PlatformCalls, told } from './calls.js'
import { type Membership, membershipOf } from './memberships.js'

/** Somebody of the class who has an account by this platform. */
const placeRow = z.object({
  ...{ id: z.string(), userId: z.string(), subject: z.string(), name: z.string() },
  role: z.enum(['student', 'assistant', 'teacher']),
})
type Place = z.infer<typeof placeRow>

interface Plan {
  readonly preview: LtiRosterPreview
  readonly enter: readonly PlatformPerson[]
  readonly leave: readonly Place[]
}

type Bound = LtiCourse & { readonly platform: LtiPlatform }
interface Client {
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

/** The people of a course, brought into its class. */
export class CourseRosters {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly calls: PlatformCalls,
  ) {}

  /** What applying the roster of the platform would do. Nothing is changed. @throws ApiError `conflict` */
  async preview(who: Principal, classId: string): Promise<LtiRosterPreview> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const course = await this.#courseOf(row.id)
    const membership = await this.#read(course)
    return planOf(course, membership, await placesOf(this.database.pool, course)).preview
  }

  /**
   * Does what a preview said, all of it or nothing. Whoever is gone leaves the class; accounts and work stay.
   * @param digest of the preview
   * @throws ApiError `conflict` when the roster or the class has changed since
   */
  async apply(who: Principal, classId: string, digest: string): Promise<LtiRosterPreview> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const course = await this.#courseOf(row.id)
    const membership = await this.#read(course)
    const { tenantId } = who
    const { preview } = await inTransaction(this.database.pool, async (client) => {
      await lockClass(client, tenantId, classId)
      await requireOpen(client, classId)
      const plan = planOf(course, membership, await placesOf(client, course))
      if (plan.preview.digest !== digest) {
        throw new ApiError(
          'conflict',
          'the class or the roster of the platform has changed since the preview; look at a new preview and apply that',
        )
      }
      await perform(client, { tenantId, classId, issuer: course.platform.issuer }, plan)
      await client.query(`UPDATE lti_course SET "syncedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`, [
        course.id,
      ])
      return plan
    })
    this.principals.forget({ tenantId })
    const { added, changed, removed } = preview
    await audit(this.database.prisma, who, 'class.course_roster', classId, {
      ...{ class: row.name, added: added.length, changed: changed.length, removed: removed.length },
    })
    return preview
  }

  async #courseOf(classId: string): Promise<Bound> {
    const course = await this.database.prisma.ltiCourse.findUnique({
      where: { classId },
      include: { platform: true },
    })
    if (course === null) throw notConnected()
    return course
  }

  #read({ platform, membershipsUrl }: Bound): Promise<Membership> {
    if (membershipsUrl === null) {
      throw new ApiError(
        'conflict',
        'the platform does not offer the roster of this course; enable names and roles (NRPS) for the tool there, and open it from the course again',
      )
    }
    return told(() => membershipOf(this.calls, platform, membershipsUrl))
  }
}

export const notConnected = () =>
  new ApiError('conflict', 'this class is connected to no course; open Cloche from the course as its teacher')

async function placesOf(client: Client, { classId, platform }: Bound): Promise<Place[]> {
  const { rows } = await client.query(
    `SELECT place.id, place."userId", place.name, place.role, one.subject FROM class_member AS place
     JOIN lti_account AS one ON one."userId" = place."userId" AND one."tenantId" = $2 AND one.issuer = $3
     WHERE place."classId" = $1 ORDER BY lower(place.name), place.id`,
    [classId, platform.tenantId, platform.issuer],
  )
  return rows.map((row) => placeRow.parse(row))
}

/** Only people of the platform are looked at: who is in the class otherwise stays. */
function planOf({ classId }: Bound, { people, skipped }: Membership, places: readonly Place[]): Plan {
  const standing = (role: string) => (role === 'student' ? 'student' : 'staff')
  const key = (one: { subject: string; role: string }) => `${standing(one.role)} ${one.subject}`
  const here = new Map(places.map((one) => [key(one), one]))
  const wanted = new Set(people.map(key))
  const added = people.filter((one) => !here.has(key(one)))
  const changed = people.flatMap((person) => {
    const place = here.get(key(person))
    if (place === undefined || (place.name === person.name && place.role === person.role)) return []
    const isRole = place.role !== person.role
    const [from, to] = isRole ? [place.role, person.role] : [place.name, person.name]
    return [{ person, shown: { name: person.name, role: person.role, from, to } }]
  })
  const leave = places.filter((one) => !wanted.has(key(one)))
  const whole = {
    added: added.map(({ name, role }) => ({ name, role })),
    changed: changed.map(({ shown }) => shown),
    removed: leave.map(({ name, role }) => ({ name, role })),
    ...{ unchanged: people.length - added.length - changed.length, skipped },
  }
  const enter = [...added, ...changed.map(({ person }) => person)]
  const digest = createHash('sha256')
    .update(JSON.stringify([classId, enter, leave.map(({ id }) => id), whole]))
    .digest('hex')
  return { preview: { digest, ...whole }, enter, leave }
}

async function perform(
  client: pg.PoolClient,
  { tenantId, classId, issuer }: { tenantId: string; classId: string; issuer: string },
  { enter, leave }: Plan,
): Promise<void> {
  await client.query('DELETE FROM class_member WHERE "classId" = $1 AND id = ANY($2)', [
    ...[classId, leave.map(({ id }) => id)],
  ])
  const accounts = await accountsOf(client, { tenantId, issuer }, enter)
  for (const [{ name, role }, { userId }] of accounts) {
    await enterClass(client, { tenantId, classId }, { userId, name, role })
  }
  const names = [...accounts].map(([{ name }, { userId }]) => ({ name, userId }))
  await client.query(
    `UPDATE class_member AS place SET name = one.name FROM jsonb_to_recordset($2::JSONB) AS one("userId" TEXT, name TEXT)
     WHERE place."classId" = $1 AND place."userId" = one."userId"`,
    [classId, JSON.stringify(names)],
  )
}
