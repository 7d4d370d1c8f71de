import type { Invitation, InviteToClass } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import { isArchived } from '../tenants/joining.js'
import { type Members, presentInvitation } from '../tenants/members.js'
import { seatIn } from './access.js'
import { requireParts } from './parts.js'

/** Links and codes by which students join a class, and its tenant with it. */
export class ClassInvitations {
  constructor(
    private readonly database: Database,
    private readonly members: Members,
  ) {}

  /** @returns the secret of the link as well; only its hash is kept */
  async create(who: Principal, classId: string, wanted: InviteToClass) {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    if (row.archivedAt !== null) throw isArchived()
    await requireParts(this.database, classId, wanted)
    return this.members.inviteToClass(who, { classId, sectionId: wanted.section ?? null }, wanted)
  }

  async list(who: Principal, classId: string): Promise<Invitation[]> {
    await seatIn(this.database, who, 'class.look', classId)
    const rows = await this.database.prisma.invitation.findMany({
      where: { classId, expiresAt: { gt: new Date() } },
      orderBy: { createdAt: 'asc' },
    })
    return rows.map(presentInvitation)
  }

  async revoke(who: Principal, classId: string, id: string): Promise<void> {
    await seatIn(this.database, who, 'class.teach', classId)
    const { count } = await this.database.prisma.invitation.deleteMany({ where: { id, classId } })
    if (count === 0) throw notFound('invitation')
    await audit(this.database.prisma, who, 'member.uninvite', id, {})
  }
}
