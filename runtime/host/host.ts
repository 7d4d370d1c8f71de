import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { z } from 'zod'
import { createLog, type Logger } from '../../common/log.js'
import { runService } from '../../common/service.js'
import { attachQuery, terminalLine } from '../../protocol/node/index.js'
import { resetOomScoreAdj } from '../cgroup/host.js'
import { type Config, readConfig } from '../config.js'
import { OciRuntimes } from '../container/oci-runtimes.js'
import { RuntimeRefusal } from '../errors.js'
import { createApp, type Routes } from '../http/app.js'
import { listenOnSocket } from '../http/listen.js'
import { switching, takeLine } from '../http/upgrade.js'
import { Reaper } from '../linux/process.js'
import { protectHost } from '../process/priority.js'
import { drawForParent, Screens } from '../terminal/screens.js'
import { openRequest, ProcessTable } from './table.js'

const pooledShell = z.object({ process: z.looseObject({ args: z.array(z.string()).min(1) }) })
const containerParams = z.object({ id: z.string().regex(/^b[0-9]+$/) })
const sandboxOnly = z.object({ sandbox: z.string() })
const terminalParams = sandboxOnly.extend({ terminal: z.string() })

const routesOf =
  (table: ProcessTable): Routes =>
  async (app) => {
    app.get('/healthz', async () => ({ status: 'ok' }))
    app.put(
      '/containers/:id/shell',
      { schema: { params: containerParams, body: pooledShell } },
      async ({ params, body }, reply) => {
        await table.shells.prepare(params.id, body.process)
        reply.code(204)
      },
    )
    app.get('/sandboxes/:sandbox/terminals', { schema: { params: sandboxOnly } }, async ({ params }) => ({
      terminals: table.terminalsOf(params.sandbox).map((terminal) => terminal.describe()),
    }))
    app.post('/sandboxes/:sandbox/terminals', { schema: { body: openRequest } }, async ({ body }, reply) => {
      const terminal = await table.open(body)
      reply.code(201)
      return terminal.describe()
    })
    app.delete(
      '/sandboxes/:sandbox/terminals/:terminal',
      { schema: { params: terminalParams } },
      async ({ params }, reply) => {
        await table.close(params.sandbox, params.terminal)
        reply.code(204)
      },
    )
    app.get(
      '/sandboxes/:sandbox/terminals/:terminal/attach',
      { schema: { params: terminalParams, querystring: attachQuery } },
      async (request, reply) => {
        const { params, query } = request
        const terminal = table.get(params.sandbox, params.terminal)
        if (query.since !== undefined && query.since > terminal.seq) {
          throw new RuntimeRefusal('invalid_request', '`since` is past the end of the terminal output')
        }
        const line = takeLine(request, reply, terminalLine)
        line.write(switching(terminalLine))
        terminal.attach(line, query.since)
      },
    )
  }

/**
 * The terminal host: a process of its own that holds every pseudo-terminal, so that terminals outlive the
 * browser tab, the server, and a runtime that is killed.
 */
async function serve(config: Config, log: Logger): Promise<() => Promise<void>> {
  protectHost(log)
  resetOomScoreAdj()
  const reaper = new Reaper()
  const scratch = join(config.run, 'ptys')
  mkdirSync(config.run, { recursive: true, mode: 0o711 })
  mkdirSync(scratch, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(scratch)) rmSync(join(scratch, name))
  const ociRuntimes = await OciRuntimes.open(config.run, 'terminals', reaper)
  const screens = new Screens(new URL(import.meta.url), log)
  const table = new ProcessTable({ ociRuntimes, scratch, reaper, log }, screens)
  const app = await createApp(routesOf(table), log)
  await listenOnSocket(app, join(config.run, 'terminals.sock'), 'root')
  return async () => {}
}

// The same file is the thread that draws screens.
if (isMainThread) {
  const config = readConfig(process.env)
  const log = createLog('terminals', config.logLevel)
  await runService(log, () => serve(config, log))
} else await drawForParent()
