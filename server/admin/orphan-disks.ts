import { z } from 'zod'
import {
  type AdminOrphanDisk,
  isolation,
  newId,
  nodeTemplateName,
  type restoreDisk,
  type restoredDisk,
  storedLimits,
  templateIdOf,
} from '../../protocol/api/index.js'
import { type RestoreDiskRequest, restoredNodeDisk } from '../../protocol/node/index.js'
import { auditNode } from '../audit.js'
import { ownerUnknown } from '../auth/copies.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import { type FoundDisk, orphanDisksOf } from '../nodes/orphan-disks.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { forget } from '../volumes/rows.js'

const mib = 1024 ** 2

/** Volumes and snapshots on nodes that the database does not know, or whose records cannot be read there: an operator restores or deletes them. */
export class OrphanDiskService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /** Of the nodes that answer and that belong to this database: to another one everything would be unknown. */
  async list(): Promise<AdminOrphanDisk[]> {
    const { found } = await this.#all()
    if (found.length === 0) return []
    const rows = await this.database.prisma.orphanDisk.findMany()
    const since = new Map(rows.map(({ nodeId, id, at }) => [`${nodeId} ${id}`, at]))
    return found.map(({ node, disk: { isDeleted: _, ...disk } }) => ({
      ...{ ...disk, nodeId: node.id },
      at: (since.get(`${node.id} ${disk.id}`) ?? new Date()).toISOString(),
    }))
  }

  /**
   * Makes it usable again, for the tenant that it is of, or else for the one that is named. The node has it first; should the
   * server die before there is a row, it is found once more.
   * @throws ApiError `not_found`; `conflict` with what is missing, or when it is of another tenant
   */
  async restore(
    who: Principal,
    id: string,
    wanted: z.infer<typeof restoreDisk>,
  ): Promise<z.infer<typeof restoredDisk>> {
    assertMay(who, 'quarantine.change')
    const { node, disk } = await this.#find(id)
    await node.runtime.assertMayChange()
    if (disk.diskBytes === null) throw new ApiError('conflict', 'there is no disk to restore')
    const { prisma } = this.database
    const isSnapshot = disk.kind === 'snapshot'
    const volume = isSnapshot ? null : await prisma.volume.findUnique({ where: { id } })
    const snapshot = isSnapshot ? await prisma.snapshot.findUnique({ where: { id } }) : null
    const row = volume ?? snapshot
    if (row !== null && row.nodeId !== node.id)
      throw new ApiError('conflict', 'the database has it on another node')
    const tenantId = await this.#tenant(row?.tenantId ?? null, disk.tenantId, wanted.tenantId)
    // The pass over the node deletes what is in there.
    if (isSnapshot) await prisma.deletedSnapshot.deleteMany({ where: { id } })
    else await prisma.deletedVolume.deleteMany({ where: { id } })
    const as: RestoreDiskRequest = {
      tenantId,
      ...(volume === null || volume.ofId !== null ? {} : { sizeMiB: volume.sizeMiB }),
      ...(snapshot === null ? {} : asOf(snapshot)),
      ...(snapshot === null && wanted.template !== undefined ? { template: wanted.template } : {}),
    }
    const path = `/orphan-disks/${id}/restore`
    const made = await node.runtime.ask('POST', path, restoredNodeDisk, {}, as)
    const name = row?.name ?? (await this.#insert(who, node, { id, tenantId }, made))
    await prisma.orphanDisk.deleteMany({ where: { id, nodeId: node.id } })
    await auditNode(prisma, who, 'quarantine.restore', id, { tenantId, name })
    return { id, kind: disk.kind, name, tenantId }
  }

  /**
   * Deletes it for good, with its row if there is one.
   * @throws ApiError `not_found`; `conflict` while a sandbox has it
   */
  async delete(who: Principal, id: string): Promise<void> {
    assertMay(who, 'quarantine.change')
    const { node, disk } = await this.#find(id)
    await node.runtime.assertMayChange()
    const { prisma } = this.database
    if (disk.kind === 'snapshot') await prisma.snapshot.deleteMany({ where: { id, nodeId: node.id } })
    else {
      const row = await prisma.volume.findUnique({ where: { id } })
      if (row !== null) await forget(this.database, who, row)
    }
    await node.runtime.ask('DELETE', `/orphan-disks/${id}`, z.unknown())
    await prisma.orphanDisk.deleteMany({ where: { id, nodeId: node.id } })
    await auditNode(prisma, who, 'quarantine.delete', id, { kind: disk.kind })
  }

  /** @throws ApiError `conflict` when there is none, or another one is named than the row's */
  async #tenant(ofRow: string | null, ofDisk: string | null, named: string | undefined): Promise<string> {
    if (ofRow !== null) {
      if (named !== undefined && named !== ofRow)
        throw new ApiError('conflict', `it belongs to tenant ${ofRow}`)
      if (ofDisk !== null && ofDisk !== ofRow) {
        throw new ApiError('conflict', `the disk is of tenant ${ofDisk}, and the row of ${ofRow}`)
      }
      return ofRow
    }
    const id = named ?? ofDisk
    const tenant = id === null ? null : await this.database.prisma.tenant.findUnique({ where: { id } })
    if (tenant === null) {
      throw new ApiError('conflict', `there is no tenant ${id ?? ''}: name the one it is for by \`tenantId\``)
    }
    return tenant.id
  }

  /** The row of what the database did not know. @returns its name */
  async #insert(
    who: Principal,
    node: ServerNode,
    { id, tenantId }: { readonly id: string; readonly tenantId: string },
    { volume, snapshot }: z.infer<typeof restoredNodeDisk>,
  ): Promise<string> {
    const { prisma } = this.database
    const name = `restored-${id.slice(-8)}`
    const own = { id, tenantId, name, nodeId: node.id, ready: true, createdBy: who.actor }
    if (volume !== undefined) {
      const isSnapshot = volume.sizeMiB === null
      const sizeMiB = volume.sizeMiB ?? Math.ceil(volume.usedBytes / mib)
      const of = isSnapshot ? { ofId: newId('vl'), ofName: 'unknown' } : {}
      await prisma.volume.create({ data: { ...own, sizeMiB, ...of } })
    }
    if (snapshot !== undefined) {
      const { sandboxId, isolation: isolated, limits, createdAt } = snapshot
      const sandbox = await prisma.sandbox.findUnique({ where: { id: sandboxId, tenantId } })
      const { hasClasses } = await prisma.tenant.findUniqueOrThrow({ where: { id: tenantId } })
      const templateId = templateIdOf(snapshot.template) ?? null
      const made =
        templateId === null ? null : await prisma.template.findUnique({ where: { id: templateId } })
      await prisma.snapshot.create({
        data: {
          ...{ ...own, createdAt, sandboxId, limits, templateId, isolation: isolated },
          sandboxName: sandbox?.name ?? sandboxId,
          // It may be the work of a student.
          ownerId: sandbox?.ownerId ?? (hasClasses ? ownerUnknown : ''),
          ...{ template: made?.name ?? snapshot.template, sizeBytes: snapshot.sizeBytes },
        },
      })
    }
    return name
  }

  /** @throws ApiError `not_found`, or why a node that may have it does not answer */
  async #find(id: string): Promise<{ node: ServerNode; disk: FoundDisk }> {
    const { found, silent } = await this.#all()
    const one = found.find(({ disk }) => disk.id === id)
    if (one !== undefined) return one
    if (silent[0] !== undefined) throw silent[0]
    throw notFound('entry in quarantine')
  }

  async #all() {
    const nodes = (await this.nodes.all()).filter(({ pairing }) => pairing.status.state === 'paired')
    const asked = await Promise.allSettled(
      nodes.map(async (node) => orphanDisksOf(this.database, node.reach())),
    )
    const found = nodes.flatMap((node, at) => {
      const answer = asked[at]
      return answer?.status === 'fulfilled' ? answer.value.map((disk) => ({ node, disk })) : []
    })
    const silent = asked.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []))
    return { found, silent }
  }
}

/** What the row of a snapshot says, for a node that has lost it. */
const asOf = (row: {
  readonly sandboxId: string
  readonly template: string
  readonly templateId: string | null
  readonly isolation: string
  readonly limits: unknown
}) => ({
  sandboxId: row.sandboxId,
  template: row.templateId === null ? row.template : nodeTemplateName(row.templateId),
  isolation: isolation.catch('standard').parse(row.isolation),
  limits: storedLimits.parse(row.limits),
})
