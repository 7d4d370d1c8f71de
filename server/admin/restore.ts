import { z } from 'zod'
import {
  environment,
  isolation,
  type QuarantineEntry,
  quarantineEntry,
  type SandboxWithUsage,
  storedLimits,
  templateIdOf,
} from '../../protocol/api/index.js'
import { storedNetwork } from '../../protocol/api/stored-network.js'
import { type RestoreRequest, runtimeSandbox } from '../../protocol/node/index.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import { onNode } from '../nodes/own-templates.js'
import type { Templates } from '../nodes/templates.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { hostnameOf, present, volumesOf } from '../sandboxes/rows.js'

const entries = z.object({ entries: z.array(quarantineEntry) })

export const entriesOf = async (runtime: RuntimeClient): Promise<QuarantineEntry[]> =>
  (await runtime.ask('GET', '/quarantine', entries)).entries

/**
 * Restores a sandbox from the quarantine of a node, on that node. Its row is there first, or the node would be told that nobody knows the sandbox;
 * what the row says decides over the record. Without a row one is made from the record.
 *
 * @param wanted the sandbox's or tenant's id, where the entry does not tell it or the database does not know it
 * @throws ApiError `conflict` with what is missing; the disk stays in quarantine then
 */
export async function restore(
  { database, templates }: { database: Database; templates: Templates },
  node: ServerNode,
  who: Principal,
  entry: QuarantineEntry,
  wanted: { sandboxId?: string | undefined; tenantId?: string | undefined },
): Promise<SandboxWithUsage> {
  const { prisma } = database
  if (entry.diskBytes === null) throw new ApiError('conflict', 'there is no disk to restore')
  const sandboxId = entry.sandboxId ?? wanted.sandboxId
  if (sandboxId === undefined) {
    throw new ApiError('conflict', 'the record does not tell which sandbox this is: name it by `sandboxId`')
  }
  if (wanted.sandboxId !== undefined && wanted.sandboxId !== sandboxId) {
    throw new ApiError('conflict', `this is the disk of sandbox ${sandboxId}`)
  }
  const known = await prisma.sandbox.findUnique({ where: { id: sandboxId } })
  if (known !== null && wanted.tenantId !== undefined && wanted.tenantId !== known.tenantId) {
    throw new ApiError('conflict', `the sandbox belongs to tenant ${known.tenantId}`)
  }
  if (known !== null && entry.tenantId !== null && entry.tenantId !== known.tenantId) {
    throw new ApiError(
      'conflict',
      `the disk is of tenant ${entry.tenantId}, the sandbox of ${known.tenantId}`,
    )
  }
  const isElsewhere = known !== null && known.deletedAt === null && known.nodeId !== node.id
  if (isElsewhere && known.state !== 'failed') {
    throw new ApiError('conflict', 'the sandbox is on another node: delete it there first')
  }
  await prisma.disownedSandbox.deleteMany({ where: { id: sandboxId } })
  const row =
    known === null
      ? await insertRow({ database, templates, node }, who, entry, sandboxId, wanted.tenantId)
      : await prisma.sandbox.update({
          where: { id: sandboxId },
          data: { ...undeleted(known.deletedAt !== null), nodeId: node.id },
        })
  await prisma.deletedSandbox.deleteMany({ where: { id: sandboxId } })
  const as: RestoreRequest = {
    ...{ sandboxId, tenantId: row.tenantId, template: onNode(row), hostname: hostnameOf(row.name) },
    ...(known === null
      ? {}
      : {
          limits: storedLimits.parse(row.limits),
          network: storedNetwork.parse(row.network),
          isolation: isolation.parse(row.isolation),
          env: environment.parse(row.env),
          volumes: volumesOf(row),
        }),
  }
  const statuses = await node.runtime.ask('POST', `/quarantine/${entry.id}/restore`, runtimeSandbox, {}, as)
  const { state, failure, limits, network, volumes } = statuses
  const now = await prisma.sandbox.update({
    where: { id: sandboxId },
    data: { state, failure, limits, network, isolation: statuses.isolation, volumes },
  })
  return present(now, statuses)
}

const waiting = { state: 'failed', failure: 'its disk is in quarantine' }
/** One that was deleted does not reach its end again at once. */
const undeleted = (deleted: boolean) => (deleted ? { ...waiting, deletedAt: null, expiresAt: null } : waiting)

async function insertRow(
  { database, templates, node }: { database: Database; templates: Templates; node: ServerNode },
  who: Principal,
  entry: QuarantineEntry,
  id: string,
  asked: string | undefined,
) {
  const { prisma } = database
  const tenantId = asked ?? entry.tenantId
  const tenant = tenantId === null ? null : await prisma.tenant.findUnique({ where: { id: tenantId } })
  if (tenantId === null || tenant === null) {
    throw new ApiError(
      'conflict',
      `there is no tenant ${tenantId ?? ''}: name the one it is for by \`tenantId\``,
    )
  }
  const templateId = templateIdOf(entry.template ?? '') ?? null
  const own = templateId === null ? null : await prisma.template.findUnique({ where: { id: templateId } })
  const template = own?.name ?? entry.template ?? 'base'
  const limits = entry.limits ?? (await templates.limits(own === null ? template : 'base', undefined))
  return prisma.sandbox.create({
    data: {
      ...{ nodeId: node.id },
      ...{ id, tenantId, template, templateId, limits, ...waiting, name: `restored-${id.slice(-4)}` },
      ...{ network: 'none', isolation: 'standard', env: {}, metadata: {}, createdBy: who.actor },
      createdAt: entry.createdAt ?? new Date(),
    },
  })
}
