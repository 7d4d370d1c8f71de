import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { openTerminal, shownCommandMax } from '../../protocol/api/index.js'
import { attachQuery, terminalLine } from '../../protocol/node/index.js'
import { type InsideUser, insideEnvironment, processSpec } from '../container/spec.js'
import { notRunning } from '../errors.js'
import { askHost, type HostAnswer, joinHost } from '../host/client.js'
import type { Routes } from '../http/app.js'
import { takeLine } from '../http/upgrade.js'
import type { Sandboxes } from '../sandbox/service.js'
import { memoryEnvironment } from '../view/environment.js'
import { existing } from './params.js'

const loginShell = ['/bin/bash', '--login']

/** A program in a terminal, in OCI form. */
export function terminalProcess(
  env: Readonly<Record<string, string>>,
  {
    args = loginShell,
    cwd,
    user = 'user',
  }: { args?: string[] | undefined; cwd?: string | undefined; user?: InsideUser } = {},
): object {
  const inside = insideEnvironment(user, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, env)
  return processSpec({ args, env: inside, cwd, user })
}

const terminalParams = existing.extend({ terminal: z.string().regex(/^tm_[0-9a-z]+$/) })

/**
 * The calls about terminals: who may is known here, and what is done the terminal host does.
 * @param services `terminals` is the terminal host's socket
 */
export const terminalRoutes =
  (services: { sandboxes: Sandboxes; terminals: string }): Routes =>
  async (app) => {
    const { sandboxes, terminals } = services
    const hostPath = (id: string) => `/sandboxes/${sandboxes.get(id).sandboxId}/terminals`
    const isPaused = (id: string) => sandboxes.stateOf(sandboxes.get(id)) === 'paused'
    app.get('/sandboxes/:id/terminals', { schema: { params: existing } }, async ({ params }, reply) =>
      passOn(reply, await askHost(terminals, 'GET', hostPath(params.id))),
    )
    app.post(
      '/sandboxes/:id/terminals',
      { schema: { params: existing, body: openTerminal } },
      async ({ params: { id }, body: { cols, rows, cwd, env, command, user } }, reply) => {
        const sandbox = await sandboxes.ready(id)
        // The shell that waits in a pooled sandbox knows none of these.
        const asked = { ...sandbox.env, ...env }
        const ofMemory = memoryEnvironment(sandbox.limits.memoryMiB)
        const opening = askHost(terminals, 'POST', hostPath(id), {
          ...{
            sandboxId: id,
            container: sandbox.id,
            size: { cols, rows },
            title: (command ?? loginShell)[0],
            command: (command ?? loginShell).join(' ').slice(0, shownCommandMax),
          },
          process: terminalProcess({ ...ofMemory, ...asked }, { args: command, cwd, user }),
          pooled:
            command === undefined && cwd === undefined && user === 'user' && Object.keys(asked).length === 0,
          pooledEnvironment: Object.entries(ofMemory).map(([name, value]) => `${name}=${value}`),
        })
        const answer = await unless(() => isPaused(id), opening)
        if (answer !== undefined) return passOn(reply, answer)
        opening
          .then((late) => {
            const { data } = opened.safeParse(late.body)
            return data === undefined ? undefined : askHost(terminals, 'DELETE', `${hostPath(id)}/${data.id}`)
          })
          .catch(() => {}) // there is none to close
        throw notRunning(id, 'paused')
      },
    )
    app.delete(
      '/sandboxes/:id/terminals/:terminal',
      { schema: { params: terminalParams } },
      async ({ params }, reply) =>
        passOn(reply, await askHost(terminals, 'DELETE', `${hostPath(params.id)}/${params.terminal}`)),
    )
    app.get(
      '/sandboxes/:id/terminals/:terminal/attach',
      { schema: { params: terminalParams, querystring: attachQuery } },
      async (request, reply) => {
        const { params, query } = request
        const path = `${hostPath(params.id)}/${params.terminal}/attach`
        const line = takeLine(request, reply, terminalLine)
        joinHost(terminals, query.since === undefined ? path : `${path}?since=${query.since}`, line)
      },
    )
  }

const passOn = (reply: FastifyReply, { status, body }: HostAnswer) => reply.code(status).send(body)

/** A start that is not through after this may be caught by a pause, which is looked for as often. */
const startMs = 1000
const opened = z.object({ id: z.string() })

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
