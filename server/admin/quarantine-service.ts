import { z } from 'zod'
import type {
  adminQuarantine,
  PairingStatus,
  QuarantineEntry,
  SandboxWithUsage,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Pairing } from '../installation/pairing.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Orphans } from '../sandboxes/orphans.js'
import type { SandboxService } from '../sandboxes/service.js'
import { entriesOf, restore } from './restore.js'

export interface QuarantineParts {
  readonly database: Database
  readonly runtime: RuntimeClient
  readonly sandboxes: SandboxService
  readonly pairing: Pairing
  readonly orphans: Orphans
}

/** What was set aside on the node, and whether database and node belong together. */
export class QuarantineService {
  constructor(private readonly parts: QuarantineParts) {}

  async list(who: Principal): Promise<z.infer<typeof adminQuarantine>> {
    assertMay(who, 'node.read')
    const { runtime, orphans } = this.parts
    return {
      entries: await entriesOf(runtime),
      unknown: orphans.unknown.map(({ id, tenantId, template }) => ({ id, tenantId, template })),
    }
  }

  async add(who: Principal, sandboxId: string): Promise<QuarantineEntry> {
    assertMay(who, 'quarantine.change')
    const { database, runtime, orphans } = this.parts
    await runtime.assertMayChange()
    if (!orphans.unknown.some(({ id }) => id === sandboxId)) {
      throw new ApiError(
        'conflict',
        `${sandboxId} is not among the sandboxes that the database does not know`,
      )
    }
    const entry = await orphans.setAside(sandboxId)
    await auditNode(database.prisma, who, 'quarantine.add', sandboxId)
    return entry
  }

  async restore(
    who: Principal,
    id: string,
    wanted: { sandboxId?: string | undefined; tenantId?: string | undefined },
  ): Promise<SandboxWithUsage> {
    assertMay(who, 'quarantine.change')
    const { database, runtime } = this.parts
    await runtime.assertMayChange()
    const restored = await restore(this.parts, who, id, wanted)
    await auditNode(database.prisma, who, 'quarantine.restore', restored.id, { entry: id })
    return restored
  }

  async delete(who: Principal, id: string): Promise<void> {
    assertMay(who, 'quarantine.change')
    const { database, runtime } = this.parts
    await runtime.assertMayChange()
    await runtime.ask('DELETE', `/quarantine/${id}`, z.unknown())
    await auditNode(database.prisma, who, 'quarantine.delete', id)
  }

  async installation(who: Principal): Promise<PairingStatus> {
    assertMay(who, 'node.read')
    return this.parts.pairing.check()
  }

  async adopt(who: Principal, node: string | null): Promise<PairingStatus> {
    assertMay(who, 'installation.adopt')
    const status = await this.parts.pairing.adopt(node)
    const { database } = status
    await auditNode(this.parts.database.prisma, who, 'installation.adopt', node ?? 'new', { database })
    return status
  }
}
