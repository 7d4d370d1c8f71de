import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { z } from 'zod'
import { createLog, type Logger } from '../../common/log.js'
import { runService } from '../../common/service.js'
import { resetOomScoreAdj } from '../cgroup/host.js'
import { type Config, readConfig } from '../config.js'
import { OciRuntimes } from '../container/oci-runtimes.js'
import { RuntimeRefusal } from '../errors.js'
import { Answer, listen, type Route } from '../http/server.js'
import { Reaper } from '../linux/process.js'
import { protectHost } from '../process/priority.js'
import { drawForParent, Screens } from '../terminal/screens.js'
import { openRequest, ProcessTable } from './table.js'

const path = '/sandboxes/([^/]+)/terminals'
const attachPath = new RegExp(`^${path}/([^/]+)/attach$`)
const pooledShell = z.object({ process: z.looseObject({ args: z.array(z.string()).min(1) }) })

function routesOf(table: ProcessTable): Route[] {
  return [
    { method: 'GET', path: /^\/healthz$/, handle: async () => ({ status: 'ok' }) },
    {
      method: 'PUT',
      path: /^\/containers\/(b[0-9]+)\/shell$/,
      handle: async (request, container = '') => {
        await table.shells.prepare(container, (await request.body(pooledShell)).process)
      },
    },
    {
      method: 'GET',
      path: new RegExp(`^${path}$`),
      handle: async (_, id = '') => ({
        terminals: table.terminalsOf(id).map((terminal) => terminal.describe()),
      }),
    },
    {
      method: 'POST',
      path: new RegExp(`^${path}$`),
      handle: async (request) => {
        const terminal = await table.open(await request.body(openRequest))
        return new Answer(201, terminal.describe())
      },
    },
    {
      method: 'DELETE',
      path: new RegExp(`^${path}/([^/]+)$`),
      handle: async (_, sandbox = '', id = '') => table.close(sandbox, id),
    },
  ]
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
  const server = await listen(routesOf(table), join(config.run, 'terminals.sock'), 'root', log)
  server.on('upgrade', (request, line) => {
    line.on('error', () => line.destroy())
    const url = new URL(request.url ?? '', 'http://terminals')
    const [, sandbox = '', id = ''] = attachPath.exec(url.pathname) ?? []
    const asked = url.searchParams.get('since')
    const since = asked === null ? undefined : Number(asked)
    try {
      const terminal = table.get(sandbox, id)
      if (since !== undefined && !(Number.isSafeInteger(since) && since >= 0 && since <= terminal.seq)) {
        line.end('HTTP/1.1 400 Bad Request\r\n\r\n')
        return
      }
      line.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: cloche-terminal\r\n\r\n',
      )
      terminal.attach(line, since)
    } catch (error) {
      if (!(error instanceof RuntimeRefusal)) throw error
      line.end('HTTP/1.1 404 Not Found\r\n\r\n')
    }
  })
  return async () => {}
}

// The same file is the thread that draws screens.
if (isMainThread) {
  const config = readConfig(process.env)
  const log = createLog('terminals', config.logLevel)
  await runService(log, () => serve(config, log))
} else await drawForParent()
