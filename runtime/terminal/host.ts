import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { z } from 'zod'
import { newId, sandboxId, terminalId, terminalSize } from '../../protocol/index.js'
import { readConfig } from '../config.js'
import { notFound, RuntimeRefusal } from '../errors.js'
import { Answer, listen, type Route } from '../http/server.js'
import { Reaper } from '../linux/process.js'
import { openPty } from './pty.js'
import { Terminal } from './terminal.js'

/** More is a mistake or an attack. */
const maxPerSandbox = 64
/** A terminal whose program has ended is kept for whoever comes back to see how. */
const keepExitedMs = 600_000

/** What the runtime asks for. `process` is in OCI form. */
const openRequest = z.object({
  sandboxId,
  container: z.string().regex(/^b[0-9]+$/),
  size: terminalSize,
  title: z.string().max(128),
  process: z.looseObject({ args: z.array(z.string()).min(1) }),
})

/**
 * The terminal host: a process of its own that holds every pseudo-terminal, so that terminals outlive the
 * browser tab, the server, and a runtime that is killed.
 */
const config = readConfig(process.env)
const log = pino({ name: 'terminals', level: config.logLevel })
const oci = { program: 'crun', root: join(config.run, 'crun') }
const scratch = join(config.run, 'ptys')
mkdirSync(config.run, { recursive: true, mode: 0o711 })
mkdirSync(scratch, { recursive: true, mode: 0o700 })
for (const name of readdirSync(scratch)) rmSync(join(scratch, name))
const reaper = new Reaper()
const terminals = new Map<string, Terminal>()

const of = (sandbox: string) => [...terminals.values()].filter((terminal) => terminal.sandboxId === sandbox)
const get = (sandbox: string, id: string): Terminal => {
  const terminal = terminals.get(id)
  if (terminal?.sandboxId !== sandbox) throw notFound(id)
  return terminal
}

const path = '/sandboxes/([^/]+)/terminals'
const routes: Route[] = [
  { method: 'GET', path: /^\/healthz$/, handle: async () => ({ status: 'ok' }) },
  {
    method: 'GET',
    path: new RegExp(`^${path}$`),
    handle: async (_, id = '') => ({ terminals: of(id).map((terminal) => terminal.describe()) }),
  },
  {
    method: 'POST',
    path: new RegExp(`^${path}$`),
    handle: async (request) => {
      const wanted = await request.body(openRequest)
      if (of(wanted.sandboxId).length >= maxPerSandbox) {
        throw new RuntimeRefusal('conflict', `a sandbox has at most ${maxPerSandbox} terminals; close one`)
      }
      const pty = await openPty(oci, wanted.container, scratch, { ...wanted.process, terminal: true })
      const id = newId('tm')
      const terminal = new Terminal(id, wanted.sandboxId, wanted.title, wanted.size, pty, reaper)
      terminals.set(id, terminal)
      void terminal.ended.then(() => setTimeout(() => terminals.delete(id), keepExitedMs))
      return new Answer(201, terminal.describe())
    },
  },
  {
    method: 'DELETE',
    path: new RegExp(`^${path}/([^/]+)$`),
    handle: async (_, sandbox = '', id = '') => {
      get(sandbox, id).close()
      terminals.delete(id)
    },
  },
]

const server = await listen(routes, join(config.run, 'terminals.sock'), 'root', log)
server.on('upgrade', (request, line) => {
  const url = new URL(request.url ?? '', 'http://terminals')
  const match = new RegExp(`^${path}/([^/]+)/attach$`).exec(url.pathname)
  const terminal = terminals.get(terminalId.safeParse(match?.[2]).data ?? '')
  const since = Number(url.searchParams.get('since') ?? 0)
  if (terminal?.sandboxId !== match?.[1] || terminal === undefined) line.end('HTTP/1.1 404 Not Found\r\n\r\n')
  else if (!Number.isSafeInteger(since) || since < 0 || since > terminal.describe().seq) {
    line.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  } else {
    line.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: cloche-terminal\r\n\r\n')
    terminal.attach(line, since)
  }
})
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(0))
