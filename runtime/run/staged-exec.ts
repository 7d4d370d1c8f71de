import { closeSync, fchownSync } from 'node:fs'
import { type InsideUser, insideEnvironment, processSpec } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
import { pipe } from '../linux/libc.js'
import { outputPipe } from '../linux/output-pipe.js'
import { type StartedPiped, startPiped } from '../process/start.js'
import type { NodeContext } from '../sandbox/node.js'
import { hostUidOf, placeOf } from '../sandbox/place.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { memoryEnvironment } from '../view/environment.js'
import { AttemptLost } from './lost.js'

/**
 * A shell that runs what it reads from descriptor 3, to the end of it. It waits for that in `open` or `read`. The
 * command comes through a descriptor and not as arguments because everybody inside can read `/proc/PID/cmdline`,
 * and not through stdin because a shell reads stdin byte by byte. `$1` is a line feed for `quoted`: no variable of
 * the command can change it.
 */
const waitForCommand = ['/bin/sh', '-c', `set -- '\n'; . /proc/self/fd/3`, 'sh']

/** Gives up root for good. The bounding set is emptied, so nothing that it starts can regain a capability. */
const dropPrivileges =
  '/usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --bounding-set=-all --'

/** A process that waits inside, and what makes it go. */
export interface StagedExec extends StartedPiped {
  /** Our end of its descriptor 3. */
  readonly control: number
  /** What it is told there to become its command. */
  readonly open: Buffer
}

/** What a staged exec becomes. */
export interface Command {
  readonly args: readonly string[]
  readonly env: Readonly<globalThis.Record<string, string>>
  /** What it may use. The stack may grow to it: judges allow all of the memory, so that deep recursion is not refused. */
  readonly memoryMiB: number
}

/**
 * Starts a process inside that waits: it becomes `command` when it reads it. Meanwhile it is put where it
 * is to be counted, so neither its birth nor crun's work is charged to the program.
 *
 * @param guarded it waits as root, whom no program of a run can signal or trace, and drops to the user only
 *   then. For starting a case while the one before still runs. Until it has dropped, only absolute paths of the
 *   template and a fixed environment are used: the run's own `PATH` or `LD_PRELOAD` would run its code as root.
 */
export async function startStaged(
  node: NodeContext,
  sandbox: SandboxRecord,
  command: Command,
  guarded: boolean,
): Promise<StagedExec> {
  const waiting = await startWaiting(node, sandbox, guarded ? 'root' : 'user')
  return { ...waiting, open: commandText(sandbox, command, guarded) }
}

/** A staged exec that does not know yet what it becomes: `commandText` says it. */
export async function startWaiting(
  node: NodeContext,
  sandbox: SandboxRecord,
  user: InsideUser,
): Promise<Omit<StagedExec, 'open'>> {
  const spec = processSpec({
    ...{ args: waitForCommand, env: insideEnvironment(user), cwd: '/home/user' },
    ...{ user, noNewPrivileges: true },
  })
  const { readEnd, writeEnd } = pipe()
  try {
    // The shell opens it anew, by its owner and mode.
    const uid = hostUidOf(node, sandbox, user)
    fchownSync(readEnd, uid, uid)
    const owner = hostUidOf(node, sandbox, 'user')
    const started = await startPiped(placeOf(node, sandbox), spec, owner, outputPipe, readEnd)
    return { ...started, control: writeEnd }
  } catch (error) {
    closeSync(writeEnd)
    // It is always the same program of the template: that it cannot be started is no fault of the run.
    if (!(error instanceof RuntimeRefusal)) throw error
    throw new AttemptLost('no process could be started in the sandbox of the run', { cause: error })
  } finally {
    closeSync(readEnd)
  }
}

/** Ends a staged exec that is not needed: the end of its command is an empty command. */
export async function cancelStaged(node: NodeContext, staged: Omit<StagedExec, 'open'>): Promise<void> {
  closeStaged(staged)
  await node.reaper.wait(staged.pid)
}

/** Closes our ends of a staged exec. */
export function closeStaged(staged: Omit<StagedExec, 'open'>): void {
  for (const fd of [staged.control, staged.stdin, staged.stdout, staged.stderr]) closeSync(fd)
}

/** The line that makes a staged exec become `command`, with exactly this environment. */
export function commandText(
  sandbox: SandboxRecord,
  { args, env, memoryMiB }: Command,
  guarded: boolean,
): Buffer {
  const entries = insideEnvironment('user', memoryEnvironment(memoryMiB), sandbox.env, env)
  const stack = `ulimit -S -s ${memoryMiB * 1024} 2>/dev/null || ulimit -S -s "$(ulimit -H -s)"`
  return Buffer.from(`exec 3<&-; ${stack}; ${guarded ? guardedText(entries, args) : text(entries, args)}\n`)
}

function text(entries: readonly string[], args: readonly string[]): string {
  // The shell itself interprets this one, and ends if it is no number.
  if (entries.some((entry) => entry.startsWith('OPTIND='))) return `exec ${withEnvironment(entries, args)}`
  return `export ${entries.map(assignment).join(' ')}; exec ${args.map(quoted).join(' ')}`
}

const guardedText = (entries: readonly string[], args: readonly string[]) =>
  `exec ${dropPrivileges} ${withEnvironment(entries, args)}`

/** A program that sets the environment and becomes another. It would take a name with `=` for a variable. */
function withEnvironment(entries: readonly string[], args: readonly string[]): string {
  const guard = args[0]?.includes('=') ? ' /usr/bin/setpriv --' : ''
  return `/usr/bin/env -i -- ${entries.map(quoted).join(' ')}${guard} ${args.map(quoted).join(' ')}`
}

function assignment(entry: string): string {
  const at = entry.indexOf('=')
  return `${entry.slice(0, at)}=${quoted(entry.slice(at + 1))}`
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`).replaceAll('\n', `'"$1"'`)}'`
