import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  adminQuarantine,
  adoptNode,
  pairing as pairingStatus,
  quarantineEntry,
  quarantineId,
  quarantineSandbox,
  restoreSandbox,
  sandbox,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
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

/** `/admin/quarantine` and `/admin/installation`: what was set aside, and whether database and node belong together. */
export const quarantineRoutes =
  ({ database, runtime, sandboxes, pairing, orphans }: QuarantineParts): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    const { prisma } = database
    app.route({
      method: 'GET',
      url: '/quarantine',
      schema: {
        ...{ tags, summary: 'Sandboxes in quarantine, and those that the database does not know' },
        response: { 200: adminQuarantine },
      },
      handler: async () => ({
        entries: await entriesOf(runtime),
        unknown: orphans.unknown.map(({ id, tenantId, template }) => ({ id, tenantId, template })),
      }),
    })
    app.route({
      method: 'POST',
      url: '/quarantine',
      schema: {
        ...{ tags, summary: 'Stop a sandbox that the database does not know, and put it into quarantine' },
        ...{ body: quarantineSandbox, response: { 201: quarantineEntry } },
      },
      handler: async (request, reply) => {
        const { sandboxId } = request.body
        await runtime.assertMayChange()
        if (!orphans.unknown.some(({ id }) => id === sandboxId)) {
          throw new ApiError(
            'conflict',
            `${sandboxId} is not among the sandboxes that the database does not know`,
          )
        }
        const entry = await orphans.setAside(sandboxId)
        await auditNode(prisma, request.principal, 'quarantine.add', sandboxId)
        return reply.code(201).send(entry)
      },
    })
    app.route({
      method: 'POST',
      url: '/quarantine/:id/restore',
      schema: {
        ...{ tags, summary: 'Restore a sandbox from quarantine, stopped' },
        ...{ params: z.object({ id: quarantineId }), body: restoreSandbox, response: { 200: sandbox } },
      },
      handler: async (request) => {
        await runtime.assertMayChange()
        const { id } = request.params
        const restored = await restore({ database, runtime, sandboxes }, request.principal, id, request.body)
        await auditNode(prisma, request.principal, 'quarantine.restore', restored.id, { entry: id })
        return restored
      },
    })
    app.route({
      method: 'DELETE',
      url: '/quarantine/:id',
      schema: {
        ...{ tags, summary: 'Delete a sandbox in quarantine with its disk, for good' },
        ...{ params: z.object({ id: quarantineId }), response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        const { id } = request.params
        await runtime.assertMayChange()
        await runtime.ask('DELETE', `/quarantine/${id}`, z.unknown())
        await auditNode(prisma, request.principal, 'quarantine.delete', id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/installation',
      schema: {
        ...{ tags, summary: 'Whether the database and the node belong together' },
        response: { 200: pairingStatus },
      },
      handler: () => pairing.check(),
    })
    app.route({
      method: 'POST',
      url: '/installation/adopt',
      schema: {
        ...{ tags, summary: 'Declare that the node belongs to this database from now on' },
        ...{ body: adoptNode, response: { 200: pairingStatus } },
      },
      handler: async (request) => {
        const status = await pairing.adopt(request.body.node)
        await auditNode(prisma, request.principal, 'installation.adopt', request.body.node ?? 'new', {
          database: status.database,
        })
        return status
      },
    })
  }
