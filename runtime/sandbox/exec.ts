import type { ExecExit, ExecRequest, ExitStatus } from '../../protocol/api/index.js'
import { type Identity, insideEnvironment, processSpec } from '../container/spec.js'
import { outputPipe } from '../linux/output-pipe.js'
import { frozenMs } from '../process/deadline.js'
import { PipedProcess, type Take } from '../process/piped.js'
import { startPiped } from '../process/start.js'
import { memoryEnvironment } from '../view/environment.js'
import type { NodeContext } from './node.js'
import { insideOf, placeOf } from './place.js'
import type { SandboxRecord } from './record.js'

/** A command that runs inside a sandbox. */
export interface RunningExec {
  /** Kills the command and its descendants. */
  kill(): void
  /**
   * Hands on what the command writes. Resolves when the command itself has ended, with all that it wrote handed on,
   * whoever still holds its output. To be called once.
   */
  follow(take: Take): Promise<ExecExit>
}

/** A command in words that the kernel knows: a string is for a shell. */
export const argumentsOf = (command: string | readonly string[]): readonly string[] =>
  typeof command === 'string' ? ['/bin/sh', '-c', command] : command

/**
 * Runs a command in a sandbox: a process that is waited for.
 *
 * @param user who runs it, where that is nobody whom the request can name
 * @throws RuntimeRefusal `invalid_request` when it cannot be started, such as an unknown program or directory
 */
export async function startExec(
  node: NodeContext,
  sandbox: SandboxRecord,
  request: ExecRequest,
  user: Identity = insideOf(sandbox, request.user),
): Promise<RunningExec> {
  const env = insideEnvironment(
    user,
    memoryEnvironment(sandbox.limits.memoryMiB),
    sandbox.env,
    request.env ?? {},
  )
  const began = performance.now()
  const spec = processSpec({ args: argumentsOf(request.command), env, cwd: request.cwd, user })
  const uid = node.slot.uidBase(sandbox.index) + user.uid
  const starting = startPiped(placeOf(node, sandbox), spec, uid, outputPipe)
  // So is one answered for that does not even stand so long after its deadline.
  const started = await within(request.timeoutMs + frozenMs, starting)
  if (started !== undefined) {
    return watch(node, sandbox, new PipedProcess(started, node.reaper), request, began)
  }
  starting.then(
    (late) => discard(new PipedProcess(late, node.reaper)),
    () => {}, // it was not started after all
  )
  return neverStarted(began)
}

/** @returns undefined when it takes longer */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A command whose start was caught by a pause. It is answered for as one that was killed at its deadline. */
function neverStarted(began: number): RunningExec {
  const exit: ExecExit = {
    ...{ exitCode: null, signal: 'SIGKILL', timedOut: true },
    durationMs: performance.now() - began,
  }
  return { kill: () => {}, follow: async () => exit }
}

/** Ends a command that nobody waits for any more. */
function discard(process: PipedProcess): void {
  process.kill()
  process.close()
  void process.exit()
}

function watch(
  node: NodeContext,
  sandbox: SandboxRecord,
  process: PipedProcess,
  request: ExecRequest,
  began: number,
): RunningExec {
  process.stdin.end(Buffer.from(request.stdin ?? '', request.encoding))
  let timedOut = false
  let answer: NodeJS.Timeout | undefined
  let giveUp = (_: ExitStatus) => {}
  const frozen = new Promise<ExitStatus>((resolve) => {
    giveUp = resolve
  })
  const timer = setTimeout(() => {
    timedOut = true
    process.kill()
    answer = setTimeout(() => giveUp({ exitCode: null, signal: 'SIGKILL' }), frozenMs)
  }, request.timeoutMs)
  const follow = async (take: Take): Promise<ExecExit> => {
    process.read(take)
    const status = await Promise.race([process.exit(), frozen])
    clearTimeout(timer)
    clearTimeout(answer)
    for (const pipe of process.finish()) node.lateOutput.keep(sandbox.id, pipe)
    return { ...status, timedOut, durationMs: performance.now() - began }
  }
  return { kill: () => process.kill(), follow }
}
