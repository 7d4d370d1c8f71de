import type { Me, QuotaStatus, Tenant, UpdateTenant } from '../../protocol/api/index.js'
import { role } from '../../protocol/api/index.js'
import { audit, auditNode } from '../audit.js'
import { addressOf } from '../auth/address.js'
import { assertMay, ownerIdOf, personOf } from '../auth/permissions.js'
import { idleOf, type Principal, type Principals } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { requireNotManaged } from './managed.js'
import {
  changeStudentQuota,
  studentQuotaOf,
  studentQuotaOfTenant,
  usedByStudent,
  withinStudent,
} from './student-quota.js'
import { createAnother, createTenant, deleteTenant, quotaOf } from './tenants.js'
import { usedBy } from './used.js'

/** The caller's tenants. */
export class TenantService {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  /** Who is calling, and for which tenant. */
  async describe(who: Principal): Promise<Me> {
    assertMay(who, 'tenant.read')
    const { prisma } = this.database
    const own = await prisma.tenant.findUnique({ where: { id: who.tenantId } })
    if (own === null) throw notFound('tenant')
    const { id, name, auditCommands } = own
    const idle = idleOf(own.idle, this.principals.idle)
    const active = { id, name, role: who.role }
    const detailed = { ...active, auditCommands, idle }
    const key = who.keyId === null ? null : { id: who.keyId, limits: who.keyLimits }
    if (who.userId === null) return { user: null, tenant: detailed, tenants: [active], key }
    const user = await prisma.user.findUnique({
      where: { id: who.userId },
      include: { members: { include: { tenant: true }, orderBy: { createdAt: 'asc' } } },
    })
    if (user === null) throw notFound('user')
    return {
      user: { id: user.id, name: user.name, email: addressOf(user), operator: who.operator },
      tenant: detailed,
      tenants: user.members.map((one) => ({
        ...{ id: one.tenantId, name: one.tenant.name, role: role.parse(one.role) },
      })),
      key,
    }
  }

  async quota(who: Principal): Promise<QuotaStatus> {
    assertMay(who, 'tenant.read')
    const { prisma, pool } = this.database
    const { tenantId } = who
    const limits = await quotaOf(prisma, tenantId)
    const ownerId = ownerIdOf(who)
    const own = await studentQuotaOf(pool, { tenantId, ownerId })
    if (own === undefined) {
      const [used, students] = await Promise.all([
        usedBy(pool, tenantId),
        studentQuotaOfTenant(pool, tenantId),
      ])
      return { limits, used, students, student: null }
    }
    // What classmates have together is not told to a student.
    const used = await usedByStudent(pool, { tenantId, ownerId })
    const { sandboxes, cpus, memoryMiB, diskMiB, pids } = used
    return {
      limits: withinStudent(limits, own),
      used: { sandboxes, cpus, memoryMiB, diskMiB, pids },
      ...{ students: null, student: { limits: own, used } },
    }
  }

  async create(who: Principal, name: string): Promise<Tenant> {
    const { userId, email } = personOf(who, 'tenant.create')
    const { prisma } = this.database
    await requireNotManaged(prisma, userId, null)
    // Operators own as many as they like.
    const create = who.operator ? createTenant : createAnother
    const id = await create(prisma, userId, name)
    await audit(prisma, { tenantId: id, actor: email }, 'tenant.create', id)
    return { id, name, role: 'owner' }
  }

  /** Its name, what its audit log has, and when its sandboxes sleep. The entry of the latter comes first: a change of it leaves a trace. */
  async change(who: Principal, { name, auditCommands, idle, studentQuota }: UpdateTenant): Promise<Me> {
    assertMay(who, 'tenant.change')
    const { prisma } = this.database
    const where = { id: who.tenantId }
    if (auditCommands !== undefined) {
      await audit(prisma, who, 'tenant.audit_commands', who.tenantId, { auditCommands })
      await prisma.tenant.update({ where, data: { auditCommands } })
      this.principals.forget({ tenantId: who.tenantId })
    }
    if (idle !== undefined) {
      await prisma.tenant.update({ where, data: { idle: idle ?? {} } })
      this.principals.forget({ tenantId: who.tenantId })
      await audit(prisma, who, 'tenant.idle', who.tenantId, { ...idle })
    }
    if (studentQuota !== undefined) {
      const said = await inTransaction(this.database.pool, async (client) => {
        await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [who.tenantId])
        const tenant = { id: who.tenantId, tenantId: who.tenantId }
        return changeStudentQuota(client, 'tenant', tenant, studentQuota)
      })
      await audit(prisma, who, 'tenant.student_quota', who.tenantId, said)
    }
    if (name !== undefined) {
      await prisma.tenant.update({ where, data: { name } })
      await audit(prisma, who, 'tenant.rename', who.tenantId, { name })
    }
    return this.describe(who)
  }

  /** Has the session act for another tenant of its person. @throws ApiError `not_found` */
  async activate(who: Principal, tenantId: string): Promise<void> {
    const { userId, sessionId } = personOf(who, 'tenant.activate')
    const { prisma } = this.database
    const where = { tenantId_userId: { tenantId, userId } }
    if ((await prisma.member.findUnique({ where })) === null) throw notFound('tenant')
    await prisma.session.update({ where: { id: sessionId }, data: { activeTenantId: tenantId } })
    await prisma.user.update({ where: { id: userId }, data: { lastTenantId: tenantId } })
    this.principals.forget({ sessionId })
  }

  /** @param name the tenant's, said once more. @throws ApiError `conflict` while something is in it */
  async delete(who: Principal, name: string): Promise<void> {
    assertMay(who, 'tenant.delete')
    const { userId } = personOf(who, 'account.change')
    const { prisma } = this.database
    const tenant = await prisma.tenant.findUnique({ where: { id: who.tenantId } })
    if (tenant === null) throw notFound('tenant')
    if (tenant.name !== name) {
      throw new ApiError('invalid_request', `the name does not match: this tenant is called ${tenant.name}`)
    }
    if ((await prisma.member.count({ where: { userId } })) < 2) {
      throw new ApiError(
        'conflict',
        'this is your only tenant; create another one first, or delete your account',
      )
    }
    await deleteTenant(this.database, who.tenantId)
    this.principals.forget()
    await auditNode(prisma, who, 'tenant.delete', who.tenantId, { name })
  }
}
