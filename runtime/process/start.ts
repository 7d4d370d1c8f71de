import { closeSync, fchownSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { newId, type TerminalSize } from '../../protocol/api/index.js'
import { ContainerError, type ExecFiles } from '../container/crun.js'
import type { Executed, OciRuntime, Stdio } from '../container/oci-runtime.js'
import { startRefusal } from '../container/refusal.js'
import { accept, listenUnix, receiveDescriptor } from '../linux/console.js'
import { pipe } from '../linux/libc.js'
import { innermostPid } from '../linux/process.js'

/** Where a process is started. */
export interface Place {
  readonly container: string
  readonly ociRuntime: OciRuntime
  /** A directory for the files that crun is given. */
  readonly scratch: string
  readonly log: Logger
  /** Whether the sandbox's first process runs, and has not begun to end. */
  isAlive(): boolean
  /** Calls `start`, which forks before it returns, with the priority that tenants' processes have. */
  asTenants<T>(start: () => T): T
}

/** A process that was started in a sandbox. */
export interface Started {
  readonly place: Place
  /** As the host sees it: a child of this process, so its exit code and signal are the kernel's own words. */
  readonly pid: number
  /** Its number inside, when the host does not see it. */
  readonly inside: number | undefined
}

/** One with pipes, and our ends of them. */
export interface StartedPiped extends Started {
  readonly stdin: number
  readonly stdout: number
  readonly stderr: number
}

/** One on a pseudo-terminal, and the host's end of that. */
export interface StartedOnPty extends Started {
  readonly fd: number
}

type Pipe = ReturnType<typeof pipe>

/**
 * Starts a process whose streams are real pipes, so that `/dev/stdout` can be opened inside.
 *
 * @param process in OCI form, from `processSpec`
 * @param uid the owner of the pipes, as the host counts: who opens /dev/stdout opens the pipe anew, by owner and mode
 * @param output makes the pipes of its output: `pipe`, or `outputPipe`, which no reader's death closes
 * @param inherited a descriptor that the process gets as number 3
 * @throws RuntimeRefusal of `startRefusal`: `invalid_request` for an unknown program or directory, say
 */
export async function startPiped(
  place: Place,
  process: object,
  uid: number,
  output: () => Pipe,
  inherited?: number,
): Promise<StartedPiped> {
  const [stdin, stdout, stderr] = [pipe(), output(), output()]
  const inner = [stdin.readEnd, stdout.writeEnd, stderr.writeEnd] as const
  const ours = { stdin: stdin.writeEnd, stdout: stdout.readEnd, stderr: stderr.readEnd }
  try {
    for (const end of inner) fchownSync(end, uid, uid)
    return { ...(await execIn(place, process, 'the command', withMore(inner, inherited))), ...ours }
  } catch (error) {
    for (const fd of Object.values(ours)) closeSync(fd)
    throw error
  } finally {
    for (const fd of inner) closeSync(fd)
  }
}

/**
 * Starts a process on a new pseudo-terminal of the container's own devpts. crun makes it and sends the host's end over
 * a socket, so nothing stands between this process and the shell: a node-pty around `crun exec --tty` costs 3 MB and
 * one more copy for each terminal.
 *
 * @param process in OCI form; it gets `terminal: true`
 * @param size which it has before the process runs
 * @param inherited a descriptor that the process gets as number 3
 * @throws RuntimeRefusal of `startRefusal` when it cannot be started
 */
export async function startOnPty(
  place: Place,
  process: object,
  size: TerminalSize,
  inherited?: number,
): Promise<StartedOnPty> {
  const console = join(place.scratch, `${newId('pt')}.sock`)
  const listening = listenUnix(console)
  const nothing = openSync('/dev/null', 'r+')
  try {
    const stdio = withMore([nothing, nothing, nothing], inherited)
    const consoleSize = { height: size.rows, width: size.cols }
    const onPty = { ...process, terminal: true, consoleSize }
    const started = await execIn(place, onPty, "the terminal's program", stdio, console)
    // crun has ended, so what it sent is waiting.
    const connection = accept(listening)
    try {
      return { ...started, fd: receiveDescriptor(connection) }
    } finally {
      closeSync(connection)
    }
  } finally {
    closeSync(listening)
    closeSync(nothing)
    rmSync(console, { force: true })
  }
}

/** Kills a process and its descendants. Never fails: what stays is told to the log. */
export function kill({ place, ...executed }: Started): void {
  const { ociRuntime, container, log } = place
  ociRuntime.kill(container, executed).catch((error: unknown) => {
    log.error({ error, container }, 'a process cannot be killed')
  })
}

/** Sends a signal to a process and its descendants. One that has ended is no error. */
export const signalAll = ({ place, ...executed }: Started, name: NodeJS.Signals): Promise<void> =>
  place.ociRuntime.signalTree(place.container, executed, name)

/** The number that a process has inside. @returns null when it has ended */
export function insidePid({ pid, inside }: Started): number | null {
  return inside ?? innermostPid(pid) ?? null
}

const withMore = (stdio: readonly [number, number, number], inherited?: number): Stdio =>
  inherited === undefined ? stdio : [...stdio, inherited]

async function execIn(
  place: Place,
  process: object,
  what: string,
  stdio: Stdio,
  console?: string,
): Promise<Executed & { readonly place: Place }> {
  const name = join(place.scratch, newId('ex'))
  const files: ExecFiles = { process: `${name}.json`, pid: `${name}.pid`, log: `${name}.log` }
  writeFileSync(files.process, JSON.stringify(process), { mode: 0o600 })
  try {
    const withConsole = console === undefined ? files : { ...files, console }
    const executed = await place.asTenants(() => place.ociRuntime.exec(place.container, withConsole, stdio))
    return { place, ...executed }
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error
    throw await startRefusal(error, what, place.isAlive)
  } finally {
    for (const file of Object.values(files)) rmSync(file, { force: true })
  }
}
