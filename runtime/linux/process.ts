import { closeSync, fstatSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import type { ExitStatus } from '../../protocol/index.js'
import { becomeSubreaper, memoryFile, SyscallError, waitpidNow } from './libc.js'
import { CommandError } from './spawn.js'
import { startProgram } from './start.js'

const signalNames = new Map<number, string>(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
)

/** Translates a wait status. @see wait(2) */
export function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null }
  return { exitCode: null, signal: signalNames.get(signal) ?? `SIG${signal}` }
}

/** A child that is dead for longer is nobody's: Node and `wait` take theirs at once. */
const orphanMs = 2000

/**
 * Waits for processes that Node does not know of: those that `startProgram` started, and those that are ours
 * only because their parent, crun, has gone: a detached container's first process and detached execs. Node waits
 * for its own children itself and is left to it.
 */
export class Reaper {
  readonly #waiting = new Map<number, (status: ExitStatus) => void>()
  /** Dead children that nobody has asked for, as they were last seen. */
  #orphans: ReadonlySet<number> = new Set()

  constructor() {
    becomeSubreaper()
    process.on('SIGCHLD', () => this.#sweep())
    setInterval(() => this.#bury(), orphanMs).unref()
  }

  /** How the process ended. If it is not our child (any more), its exit status is unknown: all null. */
  wait(pid: number): Promise<ExitStatus> {
    return new Promise((resolve) => {
      this.#waiting.set(pid, resolve)
      this.#reap(pid)
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

  #sweep(): void {
    for (const pid of this.#waiting.keys()) this.#reap(pid)
  }

  /**
   * Ends the zombies of nobody: an exec that crun could not start leaves one, so that whoever asks for such again
   * and again would use up the host's process ids.
   */
  #bury(): void {
    const dead = childrenOf(process.pid).filter((pid) => !this.#waiting.has(pid) && isZombie(pid))
    for (const pid of dead) {
      if (!this.#orphans.has(pid)) continue
      try {
        waitpidNow(pid)
      } catch (error) {
        // Somebody has taken it since.
        if (!(error instanceof SyscallError)) throw error
      }
    }
    this.#orphans = new Set(dead)
  }

  #reap(pid: number): void {
    const done = this.#waiting.get(pid)
    if (done === undefined) return
    try {
      const status = waitpidNow(pid)
      if (status === undefined) return
      this.#waiting.delete(pid)
      done(exitStatus(status))
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error
      this.#waiting.delete(pid)
      done({ exitCode: null, signal: null })
    }
  }
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

/** Kills a process and all its descendants. Stops each before its children are listed, so none escapes. */
export function killTree(pid: number): void {
  signal(pid, 'SIGSTOP')
  for (const child of childrenOf(pid)) killTree(child)
  signal(pid, 'SIGKILL')
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false // it ended meanwhile
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
