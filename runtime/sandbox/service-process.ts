import { constants } from 'node:os'
import { z } from 'zod'
import { type ExitStatus, sandboxProcess, shownCommandMax } from '../../protocol/api/index.js'
import { maxWaitMs, runtimeError } from '../../protocol/node/index.js'
import { type Identity, insideEnvironment, processSpec } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
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
  if (status >= 500) throw troubled(status)
  return { problem: runtimeError.safeParse(body).data?.message ?? 'the process host refused it' }
}

/**
 * Waits for the end of a process.
 * @returns how it ended; `lost` when the process host does not know it, undefined once `stop` is aborted
 * @throws RuntimeRefusal `runtime_unavailable` when the process host does not say
 */
export async function endOf(
  host: string,
  sandboxId: string,
  process: string,
  stop: AbortSignal,
): Promise<number | 'lost' | undefined> {
  while (!stop.aborted) {
    try {
      const exit = await exitOf(host, sandboxId, process, maxWaitMs, stop)
      if (exit !== null) return exit === 'lost' ? exit : exitCodeOf(exit)
    } catch (error) {
      if (!stop.aborted) throw error
    }
  }
  return undefined
}

/** Whether the process host holds a process that has not ended. @throws RuntimeRefusal `runtime_unavailable` */
export const lives = async (host: string, sandboxId: string, process: string): Promise<boolean> =>
  (await exitOf(host, sandboxId, process, 0)) === null

/** @returns null while it runs */
async function exitOf(
  host: string,
  sandboxId: string,
  process: string,
  waitMs: number,
  stop?: AbortSignal,
): Promise<ExitStatus | 'lost' | null> {
  const path = `/sandboxes/${sandboxId}/processes/${process}?waitMs=${waitMs}`
  const { status, body } = await askHost(host, 'GET', path, undefined, stop)
  if (status === 404) return 'lost'
  if (status >= 300) throw troubled(status)
  return sandboxProcess.parse(body).exit
}

const troubled = (status: number) =>
  new RuntimeRefusal('runtime_unavailable', `the process host answers ${status}`)

/** As a shell says it. */
export function exitCodeOf({ exitCode, signal }: ExitStatus): number {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 9
  return exitCode ?? 128 + number
}
