import { existsSync } from 'node:fs'
import { createLog } from '../common/log.js'
import { runService } from '../common/service.js'
import { startChores } from './chores.js'
import { readConfig } from './config.js'
import { serveLanguageServers } from './lsp/socket.js'
import { servePages } from './pages.js'
import { openParts } from './parts.js'
import { framesOf, servePreviews } from './previews/serve.js'
import { createServer } from './server.js'
import { serveSshPorts } from './ssh/port-socket.js'
import { serveTerminals } from './terminals/socket.js'

const config = readConfig(process.env)
const log = createLog('server', config.logLevel)
await runService(log, async () => {
  const parts = openParts(config, log, new URL('./compare/thread.js', import.meta.url))
  const { nodes, principals, watch } = parts
  const app = await createServer(parts)
  if (existsSync('.next/BUILD_ID')) {
    const { host } = new URL(config.publicUrl)
    await servePages(app, process.cwd(), host, framesOf(parts.previewHosts, config.publicUrl))
  } else log.warn('the pages are not built, so there is only the API; bin/build makes them')
  const io = serveTerminals(app.server, {
    principals,
    watch,
    terminals: parts.services.terminals,
    presence: parts.presence,
    lessonNews: parts.lessonNews,
    origins: config.origins,
    hosts: config.hosts,
    log: log,
  })
  const languageServers = serveLanguageServers(app.server, {
    ...{ principals, watch, log, servers: parts.services.languageServers },
    ...{ origins: config.origins, hosts: config.hosts },
  })
  serveSshPorts(app.server, {
    ...{ sessions: parts.services.ssh.sessions, sandboxes: parts.sandboxes },
    ...{ watch, hosts: config.hosts, log },
  })
  servePreviews(app.server, parts.previews)
  // Who wants to create something waits for it; nobody else does.
  nodes.all().catch((error: unknown) => log.warn({ error }, 'the nodes were not read yet'))
  await app.listen({ host: config.host, port: config.port })
  const chores = startChores(parts)
  return async () => {
    await chores[Symbol.asyncDispose]()
    parts.previews.endAll()
    languageServers.close()
    await io.close()
    await app.close()
    await parts[Symbol.asyncDispose]()
  }
})
