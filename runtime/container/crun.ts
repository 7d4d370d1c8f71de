import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { withTimerSlack } from '../linux/libc.js'
import { overwriteJson } from '../linux/overwrite.js'
import { type Reaper, signal, startTime } from '../linux/process.js'

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

const base = (runtime: Crun) => ['--root', runtime.root, '--cgroup-manager=cgroupfs']

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
    ...base(runtime),
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

/**
 * Kills the first process of the container, with which all others of its namespace die, and removes crun's state of it.
 * One that is gone already is no error. The processes may take a moment more: their cgroup tells when the last is
 * dead. `crun delete --force` does the same and takes 16 ms, most of which it sleeps.
 */
export function deleteContainer(runtime: Crun, id: string): void {
  const { pid, 'process-start-time': began } = statusOf(runtime, id) ?? {}
  if (pid !== undefined && startTime(pid) === began) signal(pid, 'SIGKILL')
  rmSync(join(runtime.root, id), { recursive: true, force: true })
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
    ...base(runtime),
    `--log=file:${log}`,
    ...['exec', '--detach', '--process', process, '--pid-file', pid],
    ...(console === undefined ? [] : ['--console-socket', console]),
    ...(moreDescriptors > 0 ? ['--preserve-fds', String(moreDescriptors)] : []),
    id,
  ]
}

/** The container's first process as crun knows it; undefined when there is no such container. */
export function initOf(runtime: Crun, id: string): number | undefined {
  return statusOf(runtime, id)?.pid
}

/** What crun keeps of a container, as far as it is read here. */
const status = z.looseObject({ pid: z.number(), 'process-start-time': z.number() })

function statusOf(runtime: Crun, id: string): z.infer<typeof status> | undefined {
  try {
    return status.parse(JSON.parse(readFileSync(statusFile(runtime, id), 'utf8')))
  } catch {
    return undefined // it was never made, or is gone
  }
}

const statusFile = (runtime: Crun, id: string) => join(runtime.root, id, 'status')

/** Tells crun that the container's processes were moved, after which exec follows. Nothing is told of one that is gone. */
export function rewriteCgroupPath(runtime: Crun, id: string, cgroup: string): void {
  const known = statusOf(runtime, id)
  if (known !== undefined) overwriteJson(statusFile(runtime, id), { ...known, 'cgroup-path': cgroup })
}

/** Containers that crun knows of. */
export async function containerIds(runtime: Crun): Promise<string[]> {
  return readdir(runtime.root).catch(() => [])
}
