import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { languageServer, sandboxParams } from '../../protocol/api/index.js'
import type { LanguageServerService } from './service.js'

/** `/sandboxes/{id}/lsp`, as far as it is asked for without a WebSocket. */
export const languageServerRoutes =
  (servers: LanguageServerService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/lsp',
      schema: {
        ...{ tags: ['language servers'], summary: 'List the language servers that a sandbox has' },
        description:
          'Looks inside for the programs of known language servers, in `PATH` and in `~/.local/bin`; of several for a language the one that would be started comes first. The same path as a WebSocket, with `?language=python` or `?server=pyright` and optionally `root=/home/user/project`, starts one: each WebSocket message is one JSON-RPC message without header, in both directions, and the server ends with the connection. Before it is closed, a notification `$/cloche/ended` says why, where one can be sent; docs/reference/language-servers.md lists its reasons and the close codes.',
        params: sandboxParams,
        response: { 200: z.object({ servers: z.array(languageServer) }) },
      },
      handler: async ({ principal, params }) => ({ servers: await servers.list(principal, params.id) }),
    })
  }
