import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  adminQuarantine,
  adoptNode,
  diskId,
  nodeQuery,
  pairing as pairingStatus,
  quarantineEntry,
  quarantineId,
  quarantineSandbox,
  restoreDisk,
  restoredDisk,
  restoreSandbox,
  sandbox,
} from '../../protocol/api/index.js'
import type { QuarantineService } from './quarantine-service.js'

/** `/admin/quarantine` and `/admin/installation`: what was set aside, and whether database and nodes belong together. */
export const quarantineRoutes =
  (quarantine: QuarantineService): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    app.route({
      method: 'GET',
      url: '/quarantine',
      schema: {
        ...{
          tags,
          summary:
            'Sandboxes in quarantine, and sandboxes, volumes and snapshots that the database does not know',
        },
        response: { 200: adminQuarantine },
      },
      handler: (request) => quarantine.list(request.principal),
    })
    app.route({
      method: 'POST',
      url: '/quarantine',
      schema: {
        ...{ tags, summary: 'Stop a sandbox that the database does not know, and put it into quarantine' },
        ...{ body: quarantineSandbox, response: { 201: quarantineEntry } },
      },
      handler: async (request, reply) => {
        const entry = await quarantine.add(request.principal, request.body.sandboxId)
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
      handler: (request) => quarantine.restore(request.principal, request.params.id, request.body),
    })
    app.route({
      method: 'DELETE',
      url: '/quarantine/:id',
      schema: {
        ...{ tags, summary: 'Delete a sandbox in quarantine with its disk, for good' },
        ...{ params: z.object({ id: quarantineId }), response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        await quarantine.delete(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/quarantine/disks/:id/restore',
      schema: {
        ...{ tags, summary: 'Restore a volume or snapshot that nobody could use' },
        description:
          'For the tenant that it is of, or for the one that is named. It counts against that quota, whatever is left of it.',
        ...{ params: z.object({ id: diskId }), body: restoreDisk, response: { 200: restoredDisk } },
      },
      handler: (request) => quarantine.disks.restore(request.principal, request.params.id, request.body),
    })
    app.route({
      method: 'DELETE',
      url: '/quarantine/disks/:id',
      schema: {
        ...{ tags, summary: 'Delete a volume or snapshot that nobody could use, for good' },
        ...{ params: z.object({ id: diskId }), response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        await quarantine.disks.delete(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/installation',
      schema: {
        ...{ tags, summary: 'Whether the database and a node belong together', querystring: nodeQuery },
        response: { 200: pairingStatus },
      },
      handler: (request) => quarantine.installation(request.principal, request.query.node),
    })
    app.route({
      method: 'POST',
      url: '/installation/adopt',
      schema: {
        ...{ tags, summary: 'Declare that a node belongs to this database from now on' },
        ...{ body: adoptNode, response: { 200: pairingStatus } },
      },
      handler: (request) => quarantine.adopt(request.principal, request.body),
    })
  }
