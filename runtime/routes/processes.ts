import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import {
  openTerminal,
  shownCommandMax,
  signalProcess,
  terminal,
  terminalSize,
} from '../../protocol/api/index.js'
import {
  attachQuery,
  processLine,
  type StartNodeProcess,
  startNodeProcess,
  thumbnailsRequest,
} from '../../protocol/node/index.js'
import { type Identity, type InsideUser, insideEnvironment, processSpec } from '../container/spec.js'
import { notRunning, RuntimeRefusal } from '../errors.js'
import type { FilesRoot } from '../files/root.js'
import { askHost, type HostAnswer, joinHost } from '../host/client.js'
import { showKept } from '../host/kept.js'
import type { OpenRequest, StartRequest } from '../host/table.js'
import type { Routes } from '../http/app.js'
import { switching, takeLine } from '../http/upgrade.js'
import { argumentsOf } from '../sandbox/exec.js'
import { directoryOf } from '../sandbox/lifecycle.js'
import type { NodeContext } from '../sandbox/node.js'
import { hostUidOf, insideOf } from '../sandbox/place.js'
import type { SandboxRecord } from '../sandbox/record.js'
import type { Sandboxes } from '../sandbox/service.js'
import { memoryEnvironment } from '../view/environment.js'
import { existing } from './params.js'

const loginShell = ['/bin/bash', '--login']

/**
 * The shell of a sandbox: of an OCI image, what its `SHELL` names, bash or sh, the first that is there now.
 * @throws RuntimeRefusal `conflict` when it has none
 */
async function shellOf(
  sandboxes: Sandboxes,
  { image, env, sandboxId }: SandboxRecord,
): Promise<readonly string[]> {
  if (image === null) return loginShell
  using root = await sandboxes.files(sandboxId ?? '')
  const named = { ...image.env, ...env }.SHELL
  const shell = [...(named?.startsWith('/') ? [named] : []), '/bin/bash', '/bin/sh'].find((path) =>
    isProgram(root, path),
  )
  if (shell !== undefined) return [shell, '-l']
  throw new RuntimeRefusal(
    'conflict',
    'the image of this sandbox has no shell: name a program that it has, as the command of the terminal',
  )
}

function isProgram(root: FilesRoot, path: string): boolean {
  try {
    using found = root.find(path, { follow: true })
    const stat = found.stat()
    return stat.isFile() && (stat.mode & 0o111) !== 0
  } catch {
    return false // it is not there, or the way to it leads in a circle
  }
}

/** A program in a terminal, in OCI form. */
export function terminalProcess(
  env: Readonly<Record<string, string>>,
  {
    args = loginShell,
    cwd,
    user = 'user',
  }: { args?: readonly string[] | undefined; cwd?: string | undefined; user?: InsideUser | Identity } = {},
): StartRequest['process'] {
  const inside = insideEnvironment(user, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, env)
  return { ...processSpec({ args, env: inside, cwd, user }), args: [...args] }
}

/** What a terminal is asked to be. */
interface WantedTerminal {
  readonly size: OpenRequest['size']
  readonly args: readonly string[] | undefined
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string>> | undefined
  readonly user: InsideUser
  readonly timeoutMs?: number | undefined
}

const shown = (args: readonly string[]) => args.join(' ').slice(0, shownCommandMax)

function onTerminal(sandbox: SandboxRecord, id: string, wanted: WantedTerminal): OpenRequest {
  const { size, cwd, user, timeoutMs } = wanted
  const args = wanted.args ?? loginShell
  // The shell that waits in a pooled sandbox knows none of these.
  const asked = { ...sandbox.env, ...wanted.env }
  const ofMemory = memoryEnvironment(sandbox.limits.memoryMiB)
  const plain = wanted.args === undefined && cwd === undefined && user === 'user'
  return {
    ...{ sandboxId: id, container: sandbox.id, size, timeoutMs },
    ...{ title: (args[0] ?? '').slice(0, 128), command: shown(args) },
    process: terminalProcess({ ...ofMemory, ...asked }, { args, cwd, user: insideOf(sandbox, user) }),
    pooled: plain && timeoutMs === undefined && Object.keys(asked).length === 0,
    pooledEnvironment: Object.entries(ofMemory).map(([name, value]) => `${name}=${value}`),
  }
}

/** What the routes act on. */
interface Parts {
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
  /** The process host's socket. */
  readonly terminals: string
}

/** The calls about terminals and processes: who may is known here, and what is done the process host does. */
export const processRoutes =
  ({ context, sandboxes, terminals: host }: Parts): Routes =>
  async (app) => {
    const pathOf = (id: string, kind: string) => `/sandboxes/${sandboxes.get(id).sandboxId}/${kind}`
    const pathOfOne = ({ id, process }: { id: string; process: string }) =>
      `${pathOf(id, 'processes')}/${process}`
    /** Starts something that a pause may catch in the middle; then it is ended as soon as it stands. */
    const start = async (id: string, kind: string, wanted: OpenRequest | StartRequest) => {
      const starting = askHost(host, 'POST', pathOf(id, kind), wanted)
      const isPaused = () => sandboxes.stateOf(sandboxes.get(id)) === 'paused'
      const answer = await unless(isPaused, starting)
      if (answer !== undefined) return answer
      starting
        .then((late) => {
          const { data } = started.safeParse(late.body)
          return data === undefined
            ? undefined
            : askHost(host, 'DELETE', `${pathOf(id, 'processes')}/${data.id}`)
        })
        .catch(() => {}) // there is none to end
      throw notRunning(id, 'paused')
    }
    const { keptTerminals } = context
    const recordOf = (id: string) => directoryOf(context, sandboxes.get(id))
    app.post('/terminals/thumbnails', { schema: { body: thumbnailsRequest } }, async ({ body }, reply) =>
      passOn(reply, await askHost(host, 'POST', '/thumbnails', body)),
    )
    app.get('/sandboxes/:id/terminals', { schema: { params: existing } }, async ({ params }, reply) => {
      const answer = await askHost(host, 'GET', pathOf(params.id, 'terminals'))
      const live = listed.safeParse(answer.body)
      if (!live.success) return passOn(reply, answer)
      return { terminals: [...(await keptTerminals.list(recordOf(params.id))), ...live.data.terminals] }
    })
    app.get('/sandboxes/:id/processes', { schema: { params: existing } }, async ({ params }, reply) =>
      passOn(reply, await askHost(host, 'GET', pathOf(params.id, 'processes'))),
    )
    for (const kind of ['terminals', 'processes'] as const) {
      app.delete(
        `/sandboxes/:id/${kind}/:process`,
        { schema: { params: one } },
        async ({ params }, reply) => {
          if (kind === 'terminals' && (await keptTerminals.remove(recordOf(params.id), params.process))) {
            return reply.code(204).send()
          }
          return passOn(reply, await askHost(host, 'DELETE', pathOfOne(params)))
        },
      )
      app.get(
        `/sandboxes/:id/${kind}/:process/attach`,
        { schema: { params: one, querystring: attachQuery } },
        async (request, reply) => {
          const { params, query } = request
          const path = `${pathOfOne(params)}/attach`
          const ended =
            kind === 'terminals' ? await keptTerminals.find(recordOf(params.id), params.process) : undefined
          const line = takeLine(request, reply, processLine)
          if (ended !== undefined) {
            line.write(switching(processLine))
            return showKept(line, ended)
          }
          joinHost(host, query.since === undefined ? path : `${path}?since=${query.since}`, line)
        },
      )
    }
    app.post(
      '/sandboxes/:id/terminals',
      { schema: { params: existing, body: openTerminal } },
      async ({ params: { id }, body: { cols, rows, command, cwd, env, user } }, reply) => {
        const sandbox = await sandboxes.ready(id)
        const args = command ?? (sandbox.image === null ? undefined : await shellOf(sandboxes, sandbox))
        const wanted = { size: { cols, rows }, args, cwd, env, user }
        return passOn(reply, await start(id, 'terminals', onTerminal(sandbox, id, wanted)))
      },
    )
    app.post(
      '/sandboxes/:id/processes',
      { schema: { params: existing, body: startNodeProcess } },
      async ({ params: { id }, body }, reply) => {
        const sandbox = await sandboxes.ready(id)
        return passOn(reply, await start(id, 'processes', startOf(context, sandbox, id, body)))
      },
    )
    app.get(
      '/sandboxes/:id/processes/:process',
      { schema: { params: one, querystring: wait } },
      async ({ params, query }, reply) =>
        passOn(reply, await askHost(host, 'GET', `${pathOfOne(params)}?waitMs=${query.waitMs}`)),
    )
    for (const [action, body] of [
      ['signal', signalProcess],
      ['resize', terminalSize],
    ] as const) {
      app.post(
        `/sandboxes/:id/processes/:process/${action}`,
        { schema: { params: one, body } },
        async (request, reply) =>
          passOn(reply, await askHost(host, 'POST', `${pathOfOne(request.params)}/${action}`, request.body)),
      )
    }
    app.get(
      '/sandboxes/:id/processes/:process/stdin',
      { schema: { params: one } },
      async (request, reply) => {
        const path = `${pathOfOne(request.params)}/stdin`
        joinHost(host, path, takeLine(request, reply, processLine))
      },
    )
  }

const passOn = (reply: FastifyReply, { status, body }: HostAnswer) => reply.code(status).send(body)

/** What the process host is asked to start. */
function startOf(
  context: NodeContext,
  sandbox: SandboxRecord,
  id: string,
  { tty, command, cwd, env, user, timeoutMs, stdin, endsWithInput }: StartNodeProcess,
): OpenRequest | StartRequest {
  const args = argumentsOf(command)
  const asked = shown([command].flat())
  if (tty !== undefined) {
    const wanted = { size: tty, args, cwd, env, user, timeoutMs }
    return { ...onTerminal(sandbox, id, wanted), command: asked }
  }
  const ofMemory = memoryEnvironment(sandbox.limits.memoryMiB)
  const who = insideOf(sandbox, user)
  const inside = insideEnvironment(who, ofMemory, sandbox.env, env ?? {})
  return {
    ...{ sandboxId: id, container: sandbox.id, command: asked, timeoutMs, stdin, endsWithInput },
    process: { ...processSpec({ args, env: inside, cwd, user: who }), args: [...args] },
    uid: hostUidOf(context, sandbox, user),
  }
}

const one = existing.extend({ process: z.string().regex(/^(?:tm|pr)_[0-9a-z]+$/) })
const listed = z.object({ terminals: z.array(terminal) })
const wait = z.object({ waitMs: z.coerce.number().min(0).default(0) })
/** A start that is not through after this may be caught by a pause, which is looked for as often. */
const startMs = 1000
const started = z.object({ id: z.string() })

/** What `promise` gives. @returns undefined once `holds` while it is still waited for */
async function unless<T>(holds: () => boolean, promise: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController()
  const look = async () => {
    do await sleep(startMs, undefined, { signal: stop.signal, ref: false })
    while (!holds())
    return undefined
  }
  try {
    return await Promise.race([promise, look()])
  } finally {
    stop.abort()
  }
}
