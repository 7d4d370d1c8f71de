import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { openTerminal, sandboxParams, terminal, terminalId } from '../../protocol/api/index.js'
import type { TerminalService } from './service.js'

/** A sandbox's terminals, as far as they are asked for without a socket. */
export const terminalRoutes =
  (terminals: TerminalService): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['terminals']
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/terminals',
      schema: {
        ...{ tags, summary: 'List terminals', params: sandboxParams },
        response: { 200: z.object({ terminals: z.array(terminal) }) },
      },
      handler: async (request) => ({
        terminals: await terminals.list(request.principal, request.params.id),
      }),
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/terminals',
      schema: {
        ...{ tags, summary: 'Open a terminal', params: sandboxParams },
        ...{ body: openTerminal.default(openTerminal.parse({})), response: { 201: terminal } },
      },
      handler: async (request, reply) => {
        reply.code(201)
        return terminals.open(request.principal, request.params.id, request.body)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/sandboxes/:id/terminals/:terminalId',
      schema: {
        ...{ tags, summary: 'End a terminal' },
        ...{ params: sandboxParams.extend({ terminalId }), response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        const { id, terminalId } = request.params
        await terminals.close(request.principal, id, terminalId)
        return reply.code(204).send(null)
      },
    })
  }
