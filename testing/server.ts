import pino from 'pino'
import { startChores } from '../server/chores.js'
import { readConfig } from '../server/config.js'
import { serveLanguageServers } from '../server/lsp/socket.js'
import { openParts } from '../server/parts.js'
import { servePreviews } from '../server/previews/serve.js'
import { createServer } from '../server/server.js'
import { serveTerminals } from '../server/terminals/socket.js'

/** A server in the test's own process. */
export type TestServer = Awaited<ReturnType<typeof openServer>>

/**
 * A server in the test's own process, on a database and, where a test needs one, the runtime of an instance.
 *
 * @param settings environment variables of docs/reference/configuration.md; `DATABASE_URL` at least
 * @param works whether it does the chores of a server
 */
export async function openServer(settings: Readonly<Record<string, string>>, works = false) {
  const config = readConfig({ NODE_ENV: 'test', CLOCHE_SECRET: 'x'.repeat(32), ...settings })
  const log = pino({ level: 'silent' })
  const parts = openParts(config, log)
  const app = await createServer(parts)
  const { principals, watch, services } = parts
  const io = serveTerminals(app.server, {
    principals,
    watch,
    terminals: services.terminals,
    presence: parts.presence,
    lessonNews: parts.lessonNews,
    origins: config.origins,
    hosts: config.hosts,
    log,
  })
  const languageServers = serveLanguageServers(app.server, {
    ...{ principals, watch, log, servers: services.languageServers },
    ...{ origins: config.origins, hosts: config.hosts },
  })
  servePreviews(app.server, parts.previews)
  const url = await app.listen({ host: '127.0.0.1', port: Number(settings.PORT ?? 0) })
  const chores = works ? startChores(parts) : undefined
  return {
    ...{ url, parts },
    [Symbol.asyncDispose]: async () => {
      await chores?.[Symbol.asyncDispose]()
      parts.previews.endAll()
      languageServers.close()
      await io.close()
      await app.close()
      await parts[Symbol.asyncDispose]()
    },
  }
}
