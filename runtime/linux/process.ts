import { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { closeSync, fstatSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import { z } from 'zod'
import type { ExitStatus } from '../../protocol/api/index.js'
import { deadChild, memoryFile, SyscallError, setSubreaper, waitpidNow } from './libc.js'
import { CommandError } from './spawn.js'
import { startProgram } from './start.js'

/** Second names of signals 6, 29 and 17. Of two names people know the other one. */
const aliases = new Set(['SIGIOT', 'SIGPOLL', 'SIGCLD', 'SIGUNUSED'])
const signalNames = new Map<number, string>(
  Object.entries(constants.signals)
    .filter(([name]) => !aliases.has(name))
    .map(([name, number]) => [number, name]),
)

/** Translates a wait status. @see wait(2) */
export function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null }
  return { exitCode: null, signal: signalNames.get(signal) ?? `SIG${signal}` }
}

/** How long it is remembered how a process ended that nobody has asked for. */
const rememberMs = 10_000
/** A signal can be missed by a handler, not by the kernel. */
const sweepMs = 2000

/** Children that Node started, and waits for itself. */
const nodeChildren = new Set<ChildProcess>()
const created = z.object({ process: z.instanceof(ChildProcess) })

/**
 * Waits for processes that Node does not know of: those that `startProgram` started, and those that are ours only
 * because their parent, crun, has gone: a detached container's first process, detached execs, and what crun leaves
 * when it cannot start one. Each is reaped as soon as it ends, whoever asks: until then it counts against the limit of
 * its sandbox. Children are the process's, so all reapers of a process are one.
 */
export class Reaper implements Disposable {
  static #users = 0
  static #sweeping: NodeJS.Timeout | undefined
  static readonly #waiting = new Map<number, (status: ExitStatus) => void>()
  /** Those that nobody has asked for yet: who starts one learns its pid after crun's end, and it may be dead by then. */
  static readonly #unclaimed = new Map<number, { readonly status: ExitStatus; readonly at: number }>()

  constructor() {
    if (Reaper.#users++ > 0) return
    setSubreaper(true)
    subscribe('child_process', remember)
    process.on('SIGCHLD', Reaper.#sweep)
    Reaper.#sweeping = setInterval(Reaper.#sweep, sweepMs).unref()
  }

  /** A process that needs children of its own again, as a test does: the last one leaves them alone. */
  [Symbol.dispose](): void {
    if (--Reaper.#users > 0) return
    // Orphans that nobody waits for would stay as zombies, and with them what waits for their end.
    setSubreaper(false)
    process.off('SIGCHLD', Reaper.#sweep)
    clearInterval(Reaper.#sweeping)
    unsubscribe('child_process', remember)
  }

  /** How the process ended. If it is not our child (any more), its exit status is unknown: all null. */
  wait(pid: number): Promise<ExitStatus> {
    return new Promise((resolve) => {
      const ended = Reaper.#take(pid) ?? Reaper.#remembered(pid)
      if (ended === 'running') Reaper.#waiting.set(pid, resolve)
      else resolve(ended)
    })
  }

  /** Runs a program to its end. @throws SyscallError when there is none of that name */
  async run(
    program: string,
    args: readonly string[],
    stdio: readonly [number, number, number, ...number[]],
  ): Promise<ExitStatus> {
    // Node does not know that there is something to wait for, and would end a process that does nothing else.
    const busy = setInterval(() => {}, 2 ** 30)
    try {
      return await this.wait(startProgram(program, args, stdio))
    } finally {
      clearInterval(busy)
    }
  }

  /**
   * Runs a program that says nothing when all is well. `run` of `spawn.ts` takes Node's fork, in which this process
   * stands still for 2 ms: too much for what every sandbox needs.
   * @param input what it reads, or a descriptor that becomes its stdin
   * @throws CommandError when it does not end with 0, SyscallError when there is none of that name
   */
  async call(program: string, args: readonly string[], input: string | number = ''): Promise<void> {
    const stdin = typeof input === 'number' ? input : memoryFile('input', input)
    const output = memoryFile('output')
    try {
      const { exitCode, signal } = await this.run(program, args, [stdin, output, output])
      if (exitCode === 0) return
      throw new CommandError(
        [program, ...args.slice(0, 3)].join(' '),
        exitCode ?? signal ?? 'unknown',
        readFrom(output),
      )
    } finally {
      if (typeof input === 'string') closeSync(stdin)
      closeSync(output)
    }
  }

  /** Takes every child that has ended, but for those of Node. */
  static readonly #sweep = (): void => {
    for (let pid = deadChild(); pid !== undefined; pid = deadChild()) {
      if (isNodes(pid)) {
        // Node takes it in this turn of the loop; what stands behind it is seen then.
        setImmediate(() => Reaper.#sweep())
        return
      }
      const status = Reaper.#take(pid)
      if (status === undefined || status === 'running') return
      const waiting = Reaper.#waiting.get(pid)
      Reaper.#waiting.delete(pid)
      if (waiting === undefined) Reaper.#remember(pid, status)
      else waiting(status)
    }
  }

  /** @returns undefined when it is no child of ours, or not any more */
  static #take(pid: number): ExitStatus | 'running' | undefined {
    try {
      const status = waitpidNow(pid)
      return status === undefined ? 'running' : exitStatus(status)
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error
      return undefined
    }
  }

  static #remember(pid: number, status: ExitStatus): void {
    const now = performance.now()
    for (const [old, { at }] of Reaper.#unclaimed) {
      if (now - at < rememberMs) break
      Reaper.#unclaimed.delete(old)
    }
    Reaper.#unclaimed.delete(pid)
    Reaper.#unclaimed.set(pid, { status, at: now })
  }

  static #remembered(pid: number): ExitStatus {
    const status = Reaper.#unclaimed.get(pid)?.status
    Reaper.#unclaimed.delete(pid)
    return status ?? { exitCode: null, signal: null }
  }
}

function remember(message: unknown): void {
  const child = created.parse(message).process
  nodeChildren.add(child)
  child
    .once('exit', () => nodeChildren.delete(child))
    .once('error', () => {
      if (child.pid === undefined) nodeChildren.delete(child)
    })
}

function isNodes(pid: number): boolean {
  for (const child of nodeChildren) if (child.pid === pid) return true
  return false
}

function readFrom(fd: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size)
  readSync(fd, bytes, 0, bytes.length, 0)
  return bytes.toString()
}

/**
 * When a process began, in clock ticks since boot: with its pid it names one process for ever.
 * @returns undefined when there is no such process, or it is a zombie
 */
export function startTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, field 2, may contain anything; what follows its closing parenthesis is fields 3 and on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19])
  } catch {
    return undefined // ESRCH and ENOENT are the answer
  }
}

/** `PF_EXITING` of include/linux/sched.h. */
const exitingFlag = 0x4

/**
 * Whether a process has begun to end. The first process of a PID namespace is alive, by `startTime`, until the last of
 * the others is dead and reaped.
 */
export function isExiting(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6])
    return (flags & exitingFlag) !== 0
  } catch {
    return true // it has ended
  }
}

/**
 * The process that leads a process's session, when the session has a terminal; null when it has none.
 * @returns undefined when there is no such process, or it is a zombie
 * @see proc_pid_stat(5)
 */
export function terminalSession(pid: number): number | null | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // State, parent, group, session, terminal.
    const [state, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    return terminal === '0' ? null : Number(session)
  } catch {
    return undefined // it ended meanwhile
  }
}

/** Whether a process ignores SIGTERM. @see proc_pid_status(5) */
export function ignoresTerm(pid: number): boolean {
  try {
    const ignored = /^SigIgn:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return ((BigInt(`0x${ignored ?? '0'}`) >> BigInt(constants.signals.SIGTERM - 1)) & 1n) === 1n
  } catch {
    return false // it ended meanwhile
  }
}

/** Kills a process and all its descendants. Stops each before its children are listed, so none escapes. */
export function killTree(pid: number): void {
  signal(pid, 'SIGSTOP')
  for (const child of childrenOf(pid)) killTree(child)
  signal(pid, 'SIGKILL')
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals | number): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Sends a signal to a process and all its descendants. */
export function signalTree(pid: number, name: NodeJS.Signals): void {
  const children = childrenOf(pid)
  signal(pid, name)
  for (const child of children) signalTree(child, name)
}

/**
 * The number of a process in the innermost of its PID namespaces.
 * @returns undefined when there is no such process
 * @see proc_pid_status(5)
 */
export function innermostPid(pid: number): number | undefined {
  try {
    const numbers = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(numbers?.split(/\s+/).at(-1))
  } catch {
    return undefined // it ended meanwhile
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return [] // it ended meanwhile
  }
}
