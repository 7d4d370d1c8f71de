import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { z } from 'zod'
import { createLog, type Logger } from '../../common/log.js'
import { runService } from '../../common/service.js'
import { signalProcess, terminalSize } from '../../protocol/api/index.js'
import {
  attachQuery,
  attachSocket,
  maxWaitMs,
  processLine,
  thumbnailsRequest,
} from '../../protocol/node/index.js'
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
import { Thumbnails } from '../terminal/thumbnails.js'
import { openRequest, ProcessTable, startRequest } from './table.js'

const pooledShell = z.object({ process: z.looseObject({ args: z.array(z.string()).min(1) }) })
const containerParams = z.object({ id: z.string().regex(/^b[0-9]+$/) })
const sandboxOnly = z.object({ sandbox: z.string() })
const one = sandboxOnly.extend({ process: z.string() })
const drawn = z.object({ ids: z.array(z.string()).max(64) })
const wait = z.object({ waitMs: z.coerce.number().min(0).max(maxWaitMs).default(0) })

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
    app.post('/thumbnails', { schema: { body: thumbnailsRequest } }, async ({ body }) =>
      table.thumbnails(body),
    )
    app.get('/sandboxes/:sandbox/terminals', { schema: { params: sandboxOnly } }, async ({ params }) => ({
      terminals: table.terminalsOf(params.sandbox).map((terminal) => terminal.describe()),
    }))
    app.post(
      '/sandboxes/:sandbox/terminals/draw',
      { schema: { params: sandboxOnly, body: drawn } },
      async ({ params, body }) => table.draw(params.sandbox, body.ids),
    )
    app.post('/sandboxes/:sandbox/terminals', { schema: { body: openRequest } }, async ({ body }, reply) => {
      const terminal = await table.open(body)
      reply.code(201)
      return terminal.describe()
    })
    app.get('/sandboxes/:sandbox/processes', { schema: { params: sandboxOnly } }, async ({ params }) => ({
      processes: table.of(params.sandbox).map((process) => process.describeProcess()),
    }))
    app.post(
      '/sandboxes/:sandbox/processes',
      { schema: { body: z.union([openRequest, startRequest]) } },
      async ({ body }, reply) => {
        const process = await ('size' in body ? table.open(body) : table.start(body))
        reply.code(201)
        return process.describeProcess()
      },
    )
    await app.register(oneProcess(table), { prefix: '/sandboxes/:sandbox/processes/:process' })
  }

/** What is done with a process, whether it has a terminal or not. */
const oneProcess =
  (table: ProcessTable): Routes =>
  async (app) => {
    app.get('', { schema: { params: one, querystring: wait } }, async ({ params, query }) => {
      const process = table.get(params.sandbox, params.process)
      if (query.waitMs > 0) await within(query.waitMs, process.ended)
      return process.describeProcess()
    })
    app.post('/signal', { schema: { params: one, body: signalProcess } }, async ({ params, body }, reply) => {
      const process = table.get(params.sandbox, params.process)
      if (!process.exited) await process.signal(body.signal)
      reply.code(204)
    })
    app.post('/resize', { schema: { params: one, body: terminalSize } }, async ({ params, body }, reply) => {
      table.get(params.sandbox, params.process).resize(body)
      reply.code(204)
    })
    app.delete('', { schema: { params: one } }, async ({ params }, reply) => {
      table.close(params.sandbox, params.process)
      reply.code(204)
    })
    await lineRoutes(table)(app, {})
  }

/** Connections to a process: its output from a byte on, or input for it. */
const lineRoutes =
  (table: ProcessTable): Routes =>
  async (app) => {
    app.get('/attach', { schema: { params: one, querystring: attachQuery } }, async (request, reply) => {
      const { params, query } = request
      const process = table.get(params.sandbox, params.process)
      if (query.since !== undefined && query.since > process.seq) {
        throw new RuntimeRefusal('invalid_request', '`since` is past the end of the output')
      }
      const line = takeLine(request, reply, processLine)
      line.write(switching(processLine))
      process.attach(line, query.since)
    })
    app.get('/stdin', { schema: { params: one } }, async (request, reply) => {
      const process = table.get(request.params.sandbox, request.params.process)
      const line = takeLine(request, reply, processLine)
      line.write(switching(processLine))
      process.takeInput(line)
    })
  }

/** What the server is let to: bytes of processes go straight to it. Everything else it asks the runtime for. */
const routesForServer =
  (table: ProcessTable): Routes =>
  async (app) => {
    for (const kind of ['terminals', 'processes']) {
      await app.register(lineRoutes(table), { prefix: `/sandboxes/:sandbox/${kind}/:process` })
    }
  }

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const stop = new AbortController()
  await Promise.race([promise, sleep(ms, undefined, { signal: stop.signal }).catch(() => {})])
  stop.abort()
}

/**
 * The process host: a process of its own that holds every pseudo-terminal, and the pipes of processes that are attached
 * to, so that these outlive the browser tab, the server, and a runtime that is killed.
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
  const drawing = new URL(import.meta.url)
  const screens = new Screens(drawing, log)
  const thumbnails = new Thumbnails(drawing, log)
  const table = new ProcessTable({ ociRuntimes, scratch, reaper, log }, screens, thumbnails)
  const app = await createApp(routesOf(table), log)
  await listenOnSocket(app, join(config.run, 'terminals.sock'), 'root')
  const forServer = await createApp(routesForServer(table), log)
  await listenOnSocket(forServer, join(config.run, attachSocket), config.group)
  return async () => {}
}

// The same file is the thread that draws screens.
if (isMainThread) {
  const config = readConfig(process.env)
  const log = createLog('terminals', config.logLevel)
  await runService(log, () => serve(config, log))
} else await drawForParent()
