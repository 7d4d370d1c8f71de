import { constants } from 'node:os'
import { z } from 'zod'
import { type ExitStatus, sandboxProcess, shownCommandMax } from '../../protocol/api/index.js'
import { maxWaitMs, runtimeError } from '../../protocol/node/index.js'
import { type Identity, insideEnvironment, processSpec } from '../container/spec.js'
import { askHost } from '../host/client.js'
import { memoryEnvironment } from '../view/environment.js'
import type { NodeContext } from './node.js'
import { insideOf } from './place.js'
import type { SandboxRecord } from './record.js'
import type { ServiceRecord } from './service-record.js'

/** What a shell says of a program that it cannot start. */
export const cannotStart = 127
const started = z.object({ id: z.string() })

/** Whom a service runs as. Numbers need no name in its /etc/passwd. */
export function identityOfService(sandbox: SandboxRecord, user: string): Identity {
  if (user === 'user' || user === 'root') return insideOf(sandbox, user)
  const [uid = 0, gid = 0] = user.split(':').map(Number)
  return { ...insideOf(sandbox, 'root'), name: String(uid), uid, gid, groups: [gid], home: '/' }
}

/**
 * Has the process host start a service, under an id that the record has already: asked again after a crash it is not
 * started twice.
 * @returns its id, or why it cannot be started
 */
export async function startService(
  node: NodeContext,
  host: string,
  sandbox: SandboxRecord,
  { args, cwd, user }: ServiceRecord,
  id: string,
): Promise<{ process: string } | { problem: string }> {
  const who = identityOfService(sandbox, user)
  const env = insideEnvironment(who, memoryEnvironment(sandbox.limits.memoryMiB), sandbox.env)
  const spec = processSpec({ args, env, cwd: cwd ?? undefined, user: who })
  const { status, body } = await askHost(host, 'POST', `/sandboxes/${sandbox.sandboxId}/processes`, {
    ...{ id, sandboxId: sandbox.sandboxId, container: sandbox.id, stdin: false },
    command: args.join(' ').slice(0, shownCommandMax),
    process: { ...spec, args: [...args] },
    uid: node.slot.uidBase(sandbox.index) + who.uid,
  })
  if (status < 300) return { process: started.parse(body).id }
  return { problem: runtimeError.safeParse(body).data?.message ?? 'the process host refused it' }
}

/**
 * Waits for the end of a process.
 * @returns how it ended; `lost` when the process host does not know it, undefined once `stop` is aborted
 */
export async function endOf(
  host: string,
  sandboxId: string,
  process: string,
  stop: AbortSignal,
): Promise<number | 'lost' | undefined> {
  const stopped = new Promise<undefined>((resolve) =>
    stop.addEventListener('abort', () => resolve(undefined), { once: true }),
  )
  while (!stop.aborted) {
    const path = `/sandboxes/${sandboxId}/processes/${process}?waitMs=${maxWaitMs}`
    const answer = await Promise.race([askHost(host, 'GET', path), stopped])
    if (answer === undefined) break
    if (answer.status === 404) return 'lost'
    const { exit } = sandboxProcess.parse(answer.body)
    if (exit !== null) return exitCodeOf(exit)
  }
  return undefined
}

/** As a shell says it. */
export function exitCodeOf({ exitCode, signal }: ExitStatus): number {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 9
  return exitCode ?? 128 + number
}
