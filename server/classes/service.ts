import {
  type ChangeClass,
  type ClassDescription,
  type ClassRole,
  type ClassStaffRole,
  type ClassSummary,
  type CreateClass,
  classRole,
  classStaffRole,
  newId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { addressOf } from '../auth/address.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, notFound, submissionsInTheWay } from '../errors.js'
import { privacyOf, timesAllowed } from '../privacy/settings.js'
import { storeAnother } from '../tenants/bounds.js'
import {
  changeStudentQuota,
  storedStudentQuota,
  studentQuotaBy,
  studentQuotaOfTenant,
} from '../tenants/student-quota.js'
import { isAdmin, personIn, type Seat, seatIn } from './access.js'
import { lockClass } from './enrolling.js'
import { summarize } from './rows.js'
import { putStaff } from './staffing.js'
import { keepWallClocks } from './wall-clock.js'

/** Classes of a tenant, and who teaches in them. */
export class ClassService {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  /** @throws ApiError `quota_exceeded` when the tenant has as many as one may have */
  async create(who: Principal, { name, timeZone }: CreateClass): Promise<ClassDescription> {
    assertMay(who, 'class.create')
    const id = newId('cl')
    const { tenantId } = who
    await storeAnother(this.database.prisma, tenantId, 'class', (client) =>
      client.class.create({ data: { id, tenantId, name, timeZone, createdBy: who.actor } }),
    )
    // From the first one on, members see the work of the students of their classes only.
    this.principals.forget({ tenantId })
    await audit(this.database.prisma, who, 'class.create', id, { name, timeZone })
    return this.get(who, id)
  }

  /** Those that the caller is in, newest first; of owners and admins all of the tenant. */
  async list(who: Principal, { limit, cursor }: { limit: number; cursor?: string | undefined }) {
    assertMay(who, 'class.read')
    const userId = personIn(who) ?? ''
    const where = {
      tenantId: who.tenantId,
      ...(isAdmin(who) ? {} : { members: { some: { userId } } }),
    }
    const { prisma } = this.database
    await requireCursor(cursor, (id) => prisma.class.count({ where: { ...where, id } }))
    const rows = await prisma.class.findMany({
      where,
      include: {
        members: { where: { userId }, select: { role: true } },
        _count: { select: { members: { where: { role: 'student' } } } },
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    })
    const items = rows.slice(0, limit).map(({ members, _count, ...row }): ClassSummary => {
      const role: ClassRole = isAdmin(who) ? 'admin' : classRole.parse(members[0]?.role)
      return summarize(row, role, _count.members)
    })
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<ClassDescription> {
    const { row, role } = await seatIn(this.database, who, 'class.read', id)
    return role === 'student' ? this.#forStudent(who, { row, role }) : this.#forStaff({ row, role })
  }

  /** Changes what is named. */
  async change(who: Principal, id: string, wanted: ChangeClass): Promise<ClassDescription> {
    const { row } = await seatIn(this.database, who, 'class.teach', id)
    const { name, timeZone, archived, studentQuota, studentTimes } = wanted
    const { tenantId } = who
    if (studentTimes === true) await this.#assertTimesAllowed()
    const said = await inTransaction(this.database.pool, async (client) => {
      await lockClass(client, tenantId, id)
      const { rowCount } = await client.query(
        `UPDATE class SET name = coalesce($2, name), "timeZone" = coalesce($3, "timeZone"), "archivedAt" = CASE $4::BOOLEAN
           WHEN true THEN coalesce("archivedAt", now() AT TIME ZONE 'UTC') WHEN false THEN NULL ELSE "archivedAt" END,
           "studentTimes" = coalesce($5, "studentTimes")
         WHERE id = $1`,
        [id, name ?? null, timeZone ?? null, archived ?? null, studentTimes ?? null],
      )
      if (rowCount === 0) throw notFound('class')
      if (timeZone !== undefined) await keepWallClocks(client, id, timeZone)
      return studentQuota && changeStudentQuota(client, 'class', { id, tenantId }, studentQuota)
    })
    await audit(this.database.prisma, who, 'class.change', id, {
      ...{ name: name ?? row.name, ...(timeZone === undefined ? {} : { timeZone }) },
      ...(archived === undefined ? {} : { archived }),
      ...(said === undefined ? {} : { studentQuota: JSON.stringify(said) }),
      ...(studentTimes === undefined ? {} : { studentTimes }),
    })
    return this.get(who, id)
  }

  /** Deletes it with its roster. Accounts, memberships of the tenant and work stay. */
  async delete(who: Principal, id: string, submissions: 'keep' | 'delete'): Promise<void> {
    const { row } = await seatIn(this.database, who, 'class.delete', id)
    await this.database.prisma.$transaction(async (client) => {
      await client.$queryRaw`SELECT id FROM assignment WHERE "classId" = ${id} ORDER BY id FOR UPDATE`
      const count = await client.submission.count({ where: { assignment: { classId: id } } })
      if (count > 0 && submissions === 'keep') throw submissionsInTheWay(count, 'this class')
      await client.class.deleteMany({ where: { id } })
    })
    this.principals.forget({ tenantId: who.tenantId })
    await audit(this.database.prisma, who, 'class.delete', id, { name: row.name })
  }

  /** Makes a member of the tenant a teacher or an assistant. @throws ApiError `not_found`; `conflict` for a student */
  async setStaff(
    who: Principal,
    id: string,
    userId: string,
    role: ClassStaffRole,
  ): Promise<ClassDescription> {
    const { row } = await seatIn(this.database, who, 'class.staff', id)
    const { prisma } = this.database
    const { tenantId } = who
    const user = await prisma.user.findUnique({ where: { id: userId } })
    if (user === null) throw notFound('member')
    await inTransaction(this.database.pool, async (client) => {
      await lockClass(client, tenantId, id)
      await putStaff(client, { tenantId, classId: id }, { userId, name: user.name, role })
    })
    this.principals.forget({ tenantId })
    await audit(prisma, who, 'class.staff', id, { name: row.name, of: addressOf(user), role })
    return this.get(who, id)
  }

  /** From then on they see nothing of its students' work. */
  async removeStaff(who: Principal, id: string, userId: string): Promise<void> {
    const { row } = await seatIn(this.database, who, 'class.staff', id)
    const { prisma } = this.database
    const user = await prisma.user.findUnique({ where: { id: userId } })
    const { count } = await prisma.classMember.deleteMany({
      where: { classId: id, userId, role: { not: 'student' } },
    })
    if (user === null || count === 0) throw notFound('member of the staff')
    this.principals.forget({ tenantId: who.tenantId })
    await audit(prisma, who, 'class.staff_remove', id, { name: row.name, of: addressOf(user) })
  }

  async #forStaff({ row, role }: Seat): Promise<ClassDescription> {
    const { prisma } = this.database
    const [privacy, otherwise, staff, parts, students] = await Promise.all([
      privacyOf(this.database.pool),
      studentQuotaOfTenant(this.database.pool, row.tenantId),
      this.#staffOf(row.id),
      prisma.classPart.findMany({
        where: { classId: row.id },
        include: { _count: { select: { inSection: true, inGroup: true } } },
        orderBy: { name: 'asc' },
      }),
      prisma.classMember.count({ where: { classId: row.id, role: 'student' } }),
    ])
    const partsOf = (kind: string) =>
      parts
        .filter((one) => one.kind === kind)
        .map(({ id, name, _count }) => ({ id, name, students: _count.inSection + _count.inGroup }))
    const said = storedStudentQuota(row.studentQuota)
    return {
      ...summarize(row, role, students),
      staff: staff.map(({ userId, member, role }) => ({
        ...{ userId, name: member?.user.name ?? '', role: classStaffRole.parse(role) },
        email: member ? addressOf(member.user) : null,
      })),
      ...{ sections: partsOf('section'), groups: partsOf('group') },
      studentQuota: { said, limits: studentQuotaBy(said, otherwise.limits) },
      studentTimes: { on: row.studentTimes, allowed: timesAllowed(privacy) },
    }
  }

  /** Nothing of classmates: not how many there are, nor in which sections and groups. */
  async #forStudent(who: Principal, { row, role }: Seat): Promise<ClassDescription> {
    const [privacy, staff, own] = await Promise.all([
      privacyOf(this.database.pool),
      this.#staffOf(row.id),
      this.database.prisma.classMember.findFirst({
        where: { classId: row.id, userId: who.userId ?? '' },
        include: { section: true, group: true },
      }),
    ])
    const part = (one: { id: string; name: string } | null | undefined) =>
      one ? [{ id: one.id, name: one.name, students: 0 }] : []
    return {
      ...summarize(row, role, 0),
      staff: staff.map(({ member, role }) => ({
        ...{ userId: null, name: member?.user.name ?? '', email: null, role: classStaffRole.parse(role) },
      })),
      ...{ sections: part(own?.section), groups: part(own?.group), studentQuota: null },
      studentTimes: { on: row.studentTimes, allowed: timesAllowed(privacy) },
    }
  }

  /** @throws ApiError `conflict` */
  async #assertTimesAllowed(): Promise<void> {
    if (timesAllowed(await privacyOf(this.database.pool))) return
    throw new ApiError(
      'conflict',
      'the operator of this installation does not allow minutes of each student to be shown; ask them to',
    )
  }

  #staffOf(classId: string) {
    return this.database.prisma.classMember.findMany({
      where: { classId, role: { not: 'student' } },
      include: { member: { include: { user: true } } },
      orderBy: [{ role: 'desc' }, { createdAt: 'asc' }],
    })
  }
}
