import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { ExecExit, ExecRequest, ExitStatus } from '../../protocol/api/index.js'
import { insideEnvironment, processSpec } from '../container/spec.js'
import { OutputPipe } from '../linux/output-pipe.js'
import { memoryEnvironment } from '../view/environment.js'
import { isAlive } from './lifecycle.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import { type Spawned, spawnInside } from './spawn.js'

/**
 * A command that was killed at its deadline and is not dead after this is in a sandbox that is paused: it is answered
 * for, and dies when it thaws. So is one that does not even stand so long after its deadline.
 */
const frozenMs = 1000
/** Bytes of the longest words that an OCI runtime writes when it loses a command. */
const maxLostCommand = 400

/** A command that runs inside a sandbox. */
export interface RunningExec {
  /** Kills the command and its descendants. */
  kill(): void
  /**
   * Hands on what the command writes. Resolves when the command itself has ended, with all that it wrote handed on,
   * whoever still holds its output. To be called once.
   */
  follow(output: Follower): Promise<ExecExit>
}

/** @param pipe can be paused while whoever is told cannot take more */
export type Follower = (stream: 'stdout' | 'stderr', bytes: Buffer, pipe: OutputPipe) => void

/**
 * Runs a command in a sandbox. Its streams are real pipes, so `/dev/stdout` can be opened inside, and it is
 * this process's child once crun is gone, so its exit code and signal are the kernel's own words.
 *
 * @throws RuntimeRefusal `invalid_request` when it cannot be started, such as an unknown program or directory
 */
export async function startExec(
  node: NodeContext,
  sandbox: SandboxRecord,
  request: ExecRequest,
): Promise<RunningExec> {
  const args = typeof request.command === 'string' ? ['/bin/sh', '-c', request.command] : request.command
  const env = insideEnvironment(
    request.user,
    memoryEnvironment(sandbox.limits.memoryMiB),
    sandbox.env,
    request.env ?? {},
  )
  const began = performance.now()
  const spec = processSpec({ args, env, cwd: request.cwd, user: request.user })
  const starting = spawnInside(node, sandbox, spec, request.user)
  const spawned = await within(request.timeoutMs + frozenMs, starting)
  if (spawned !== undefined) return watch(node, sandbox, spawned, request, began)
  starting.then(
    (late) => discard(node, late),
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
function discard(node: NodeContext, { pid, kill, stdin, stdout, stderr }: Spawned): void {
  kill()
  for (const fd of [stdin, stdout, stderr]) closeSync(fd)
  void node.reaper.wait(pid)
}

function watch(
  node: NodeContext,
  sandbox: SandboxRecord,
  spawned: Spawned,
  request: ExecRequest,
  began: number,
): RunningExec {
  const { pid, kill, ...ends } = spawned
  const { lostCommand } = node.ociRuntimes.of(sandbox.isolation)
  const [stdout, stderr] = [new OutputPipe(ends.stdout), new OutputPipe(ends.stderr)]
  const stdin = new Socket({ fd: ends.stdin, readable: false, writable: true })
  // A command that ends without reading its input breaks the pipe; its exit code tells the rest.
  stdin.on('error', () => stdin.destroy()).end(Buffer.from(request.stdin ?? '', request.encoding))
  let timedOut = false
  let killed = false
  const end = () => {
    killed = true
    kill()
  }
  let answer: NodeJS.Timeout | undefined
  let giveUp = (_: ExitStatus) => {}
  const frozen = new Promise<ExitStatus>((resolve) => {
    giveUp = resolve
  })
  const timer = setTimeout(() => {
    timedOut = true
    end()
    answer = setTimeout(() => giveUp({ exitCode: null, signal: 'SIGKILL' }), frozenMs)
  }, request.timeoutMs)
  const follow = async (output: Follower): Promise<ExecExit> => {
    stdout.open((bytes) => output('stdout', bytes, stdout))
    stderr.open((bytes) => {
      if (bytes.length > maxLostCommand || !lostCommand?.test(bytes.toString()))
        output('stderr', bytes, stderr)
    })
    const status = await Promise.race([node.reaper.wait(pid), frozen])
    clearTimeout(timer)
    clearTimeout(answer)
    stdin.destroy()
    for (const pipe of [stdout, stderr]) {
      if (pipe.finish()) node.lateOutput.keep(sandbox.id, pipe)
    }
    // Some OCI runtimes tell of a signal as shells do, by an exit code; here it is known which it was.
    const byCode = killed && status.exitCode === 128 + 9
    const lost = lostCommand !== undefined && status.exitCode === 128 && !isAlive(sandbox)
    const how = byCode || lost ? { exitCode: null, signal: 'SIGKILL' } : status
    return { ...how, timedOut, durationMs: performance.now() - began }
  }
  return { kill: end, follow }
}
