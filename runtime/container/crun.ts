import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withTimerSlack } from '../linux/libc.js'
import type { Reaper } from '../linux/process.js'

/** An OCI runtime with its state directory. */
export interface Crun {
  readonly program: string
  readonly root: string
}

/**
 * How much later than asked a process inside may be woken from a sleep, unless it asks for less: ten times the kernel's
 * own value. Many that sleep for a moment only wake together then. Each wake-up by itself costs an interrupt, which
 * counts as nobody's: 32 processes that slept for a nanosecond at a time kept a neighbour's keystroke for 3 s, with this
 * for 6 ms. It is inherited from the thread that starts the OCI runtime, which it starts before it first waits.
 * @see prctl(2), PR_SET_TIMERSLACK
 */
const insideTimerSlackNs = 500_000

/** What every command of crun begins with. */
export const globalArguments = (runtime: Crun) => ['--root', runtime.root, '--cgroup-manager=cgroupfs']

/** An OCI runtime refused. The message is its own. */
export class ContainerError extends Error {
  override readonly name = 'ContainerError'
}

/**
 * Creates and starts the container of `bundle`, and returns its first process as the host sees it.
 * @param output a descriptor that becomes its stdout and stderr: the end of file there is the container's end
 * @throws ContainerError
 */
export async function runContainer(
  runtime: Crun,
  reaper: Reaper,
  id: string,
  bundle: string,
  output: number,
): Promise<number> {
  const files = { log: join(bundle, 'log'), pid: join(bundle, 'pid') }
  const args = [
    ...globalArguments(runtime),
    `--log=file:${files.log}`,
    ...['run', '--detach', '--bundle', bundle, '--pid-file', files.pid, id],
  ]
  const nothing = openSync('/dev/null', 'r')
  try {
    await withTimerSlack(insideTimerSlackNs, () =>
      runOci(runtime.program, reaper, args, files.log, [nothing, output, output]),
    )
  } finally {
    closeSync(nothing)
  }
  return Number(readFileSync(files.pid, 'utf8'))
}

/**
 * Starts a process in the container and returns it, as the host sees it.
 * @param files where its description lies, and where crun may write
 * @param stdio its standard streams, and what it gets as descriptors 3 and on
 * @throws ContainerError
 */
export async function execInContainer(
  runtime: Crun,
  reaper: Reaper,
  id: string,
  files: ExecFiles,
  stdio: readonly [number, number, number, ...number[]],
): Promise<number> {
  const args = execArguments(runtime, id, files, stdio.length - 3)
  await withTimerSlack(insideTimerSlackNs, () => runOci(runtime.program, reaper, args, files.log, stdio))
  return Number(readFileSync(files.pid, 'utf8'))
}

/**
 * Runs an OCI runtime to its end.
 * @param log where it writes why it refuses
 * @throws ContainerError
 */
export async function runOci(
  program: string,
  reaper: Reaper,
  args: readonly string[],
  log: string,
  stdio: readonly [number, number, number, ...number[]],
): Promise<void> {
  const { exitCode, signal } = await reaper.run(program, args, stdio)
  if (exitCode === 0) return
  const words = existsSync(log) ? readFileSync(log, 'utf8').trim() : ''
  throw new ContainerError(words || `${program} ended with ${exitCode ?? signal}`)
}

/** What an exec reads and writes. With `console` the process gets a terminal, whose other end is sent there. */
export interface ExecFiles {
  readonly process: string
  readonly pid: string
  readonly log: string
  readonly console?: string
}

/** Arguments of an exec that returns once the process stands. Its streams are the caller's. */
function execArguments(runtime: Crun, id: string, files: ExecFiles, moreDescriptors: number): string[] {
  const { process, pid, log, console } = files
  return [
    ...globalArguments(runtime),
    `--log=file:${log}`,
    ...['exec', '--detach', '--process', process, '--pid-file', pid],
    ...(console === undefined ? [] : ['--console-socket', console]),
    ...(moreDescriptors > 0 ? ['--preserve-fds', String(moreDescriptors)] : []),
    id,
  ]
}
