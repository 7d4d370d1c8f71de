import type pg from 'pg'
import { z } from 'zod'
import type { LtiCourse } from '../../prisma/generated/client.js'
import { classBounds, displayName, newId, timeZone } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { addressOf } from '../auth/address.js'
import type { Principals } from '../auth/principal.js'
import { lockClass } from '../classes/enrolling.js'
import { putStaff } from '../classes/staffing.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import { isArchived } from '../tenants/joining.js'
import { accountsOf, enterClass } from './accounts.js'
import type { Launch } from './launch.js'
import { refusedLaunch } from './platform-keys.js'

/** Somebody who has launched: their account, and the class of the course where it is bound. */
export interface Entered {
  readonly userId: string
  readonly course: LtiCourse | null
}

/** What a teacher binds a course to: a class that they teach, or a new one. */
export const bindForm = z.object({
  class: z.string().max(64),
  name: displayName.optional().catch(undefined),
  timeZone: timeZone.catch('UTC'),
})
export type BindForm = z.infer<typeof bindForm>

const taken = z.object({ code: z.literal('23505') })

/** Courses of platforms, and the classes that they are bound to. */
export class Courses {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  /**
   * The account of whoever launches, in the class of the course.
   * @throws ApiError `forbidden` for a course that no teacher has bound, `conflict` for students of an archived class
   */
  async enter(launch: Launch): Promise<Entered> {
    const { platform, request } = launch
    const { tenantId, issuer } = platform
    const { role, subject, name } = request
    const course = await this.#find(launch)
    if (course === null && role !== 'teacher') {
      throw refusedLaunch('this course is not connected yet: a teacher of the course has to open it first')
    }
    const person = { subject, name, role }
    const { userId, isNew } = await inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
      const [found = { userId: '', isNew: false }] = (
        await accountsOf(client, { tenantId, issuer }, [person])
      ).values()
      if (course === null) return found
      const { classId } = course
      await lockClass(client, tenantId, classId)
      if (role === 'student') await requireMayEnter(client, classId, found.userId)
      await enterClass(client, { tenantId, classId }, { userId: found.userId, name, role })
      // Whoever was a teacher and is a student now, or the reverse, has left their place by the other account.
      await client.query(
        `DELETE FROM class_member WHERE "classId" = $1 AND "userId" IN (
           SELECT "userId" FROM lti_account WHERE "tenantId" = $2 AND issuer = $3 AND subject = $4 AND "userId" <> $5)`,
        [classId, tenantId, issuer, subject, found.userId],
      )
      await client.query(
        `UPDATE lti_course SET title = $2, "membershipsUrl" = coalesce($3, "membershipsUrl"),
           "lineItemsUrl" = coalesce($4, "lineItemsUrl") WHERE id = $1`,
        [course.id, request.courseTitle, request.membershipsUrl, request.lineItemsUrl],
      )
      return found
    })
    this.principals.forget({ tenantId })
    if (isNew) {
      const who = { tenantId, actor: await this.#actorOf(userId) }
      await audit(this.database.prisma, who, 'member.join', userId, { platform: platform.name })
    }
    return { userId, course }
  }

  /** Classes that somebody teaches and that no course is bound to. */
  async choices(tenantId: string, userId: string): Promise<{ id: string; name: string }[]> {
    return this.database.prisma.class.findMany({
      where: {
        ...{ tenantId, archivedAt: null, ltiCourse: null },
        members: { some: { userId, role: 'teacher' } },
      },
      select: { id: true, name: true },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: classBounds.classes,
    })
  }

  /**
   * Binds the course of a launch, in which somebody teaches by their platform.
   * @throws ApiError `forbidden` unless they teach in it, or in the class; `conflict` when either is bound already
   */
  async bind(launch: Launch, chosen: BindForm): Promise<void> {
    const { platform, request } = launch
    const { tenantId } = platform
    if (request.role !== 'teacher') throw refusedLaunch('only a teacher of the course can connect it')
    const { userId, course } = await this.enter(launch)
    if (course !== null) return
    const who = { tenantId, actor: await this.#actorOf(userId) }
    const isNew = chosen.class === ''
    const classId = isNew ? newId('cl') : chosen.class
    const name = chosen.name ?? request.courseTitle
    await inTransaction(this.database.pool, async (client) => {
      if (isNew) {
        await addClass(client, { tenantId, classId, name, timeZone: chosen.timeZone, createdBy: who.actor })
        await putStaff(client, { tenantId, classId }, { userId, name: request.name, role: 'teacher' })
      } else {
        await lockClass(client, tenantId, classId)
        await requireTeaches(client, tenantId, classId, userId)
      }
      const { deployment, contextId, courseTitle, membershipsUrl, lineItemsUrl } = request
      await client.query(
        `INSERT INTO lti_course (id, "platformId", deployment, "contextId", title, "classId", "membershipsUrl", "lineItemsUrl", "boundBy")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          ...[newId('lc'), platform.id, deployment, contextId, courseTitle, classId],
          ...[membershipsUrl, lineItemsUrl, who.actor],
        ],
      )
    }).catch((error: unknown) => {
      if (!taken.safeParse(error).success) throw error
      throw new ApiError('conflict', 'the course or the class was connected a moment ago; open it again')
    })
    this.principals.forget({ tenantId })
    if (isNew)
      await audit(this.database.prisma, who, 'class.create', classId, { name, timeZone: chosen.timeZone })
    await audit(this.database.prisma, who, 'class.course', classId, {
      ...{ name, course: request.courseTitle, platform: platform.name },
    })
  }

  async #actorOf(userId: string): Promise<string> {
    return addressOf(await this.database.prisma.user.findUniqueOrThrow({ where: { id: userId } }))
  }

  #find({ platform, request }: Launch): Promise<LtiCourse | null> {
    const { deployment, contextId } = request
    return this.database.prisma.ltiCourse.findUnique({
      where: { platformId_deployment_contextId: { platformId: platform.id, deployment, contextId } },
    })
  }
}

/** Whoever is in an archived class comes in, and nobody new. */
async function requireMayEnter(client: pg.PoolClient, classId: string, userId: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT "archivedAt" IS NOT NULL AND NOT EXISTS (
       SELECT FROM class_member WHERE "classId" = $1 AND "userId" = $2) AS closed FROM class WHERE id = $1`,
    [classId, userId],
  )
  if (rows[0]?.closed !== false) throw isArchived()
}

async function addClass(
  client: pg.PoolClient,
  one: { tenantId: string; classId: string; name: string; timeZone: string; createdBy: string },
): Promise<void> {
  await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [one.tenantId])
  const { rows } = await client.query('SELECT count(*)::INTEGER AS count FROM class WHERE "tenantId" = $1', [
    one.tenantId,
  ])
  const count = Number(rows[0]?.count)
  if (count >= classBounds.classes) {
    throw new ApiError('quota_exceeded', `this tenant has ${count} classes; an owner has to delete one first`)
  }
  await client.query(
    `INSERT INTO class (id, "tenantId", name, "timeZone", "createdBy") VALUES ($1, $2, $3, $4, $5)`,
    [one.classId, one.tenantId, one.name, one.timeZone, one.createdBy],
  )
}

async function requireTeaches(
  client: pg.PoolClient,
  tenantId: string,
  classId: string,
  userId: string,
): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT FROM class JOIN class_member AS place ON place."classId" = class.id
     WHERE class.id = $1 AND class."tenantId" = $2 AND class."archivedAt" IS NULL AND place."userId" = $3 AND place.role = 'teacher'`,
    [classId, tenantId, userId],
  )
  if (rowCount !== 1) throw refusedLaunch('you do not teach in the class that you chose')
}
