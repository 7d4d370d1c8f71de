import type { ErrorCode } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { ContainerError } from './crun.js'

/**
 * What crun and gVisor say when the sandbox has ended, or is ending. They tell of namespaces, sockets and files that
 * have just gone.
 */
const ended = [
  /the container `b\d+` is not running/,
  /container process not found/,
  /setns\(pid=\d+,|setns `\w+`/,
  /error opening file `[^`]*\/status`/,
  /^loading sandbox: .*(?:no such file or directory|does not exist)/m,
  /cannot execute in container "b\d+" in state/,
  /connecting to control server at PID/,
  /urpc method "[\w.]+" failed: (EOF|connection reset|broken pipe)/,
]

/** What they say of the command itself. The first group is a program or a directory as the caller gave it. */
const ofCommand: readonly { readonly words: RegExp; readonly why: (of: string) => string }[] = [
  {
    words: /executable file `(.*)` not found in \$PATH|error finding executable "(.*)" in PATH/s,
    why: (program) => `there is no program "${program}" in the sandbox`,
  },
  {
    words: /failed to load (.*): (?:no such file|not a directory)/s,
    why: (program) => `there is no program "${program}" in the sandbox, or not what it is to be run by`,
  },
  {
    words: /failed to load (.*): exec format error/s,
    why: (program) => `"${program}" is not a program`,
  },
  {
    words:
      /open executable: |failed to load (.*): (?:permission denied|operation not permitted|is a directory)/s,
    why: (program) => `${program === '' ? 'the program' : `"${program}"`} is not an executable file`,
  },
  {
    words: /chdir `(.*)`: ([\w ]+)|failed to find initial working directory "(.*)": ([\w ]+)/s,
    why: (directory) => `the working directory "${directory}" does not exist or cannot be entered`,
  },
  { words: /[Aa]rgument list too long/, why: () => 'its arguments and environment are too long together' },
]

/** crun starts nothing in a frozen container. */
const paused = /the container `b\d+` is paused/

/** No process could be made: the limit of processes or of memory is reached. */
const noRoom = /(?:fork|clone|clone3)\b.*: (?:Cannot allocate memory|Resource temporarily unavailable)/

/** Characters of the caller's own that are said back. */
const maxQuoted = 200
/** How long a sandbox that is ending may still look alive: on a busy machine its first process has to be scheduled to die. */
const endingMs = 1000

/**
 * Turns what an OCI runtime says when it cannot start a process into what the caller is told. Its own words name
 * files and processes of the host, and are only for the log.
 *
 * @param what such as `the command`
 * @param isAlive whether the sandbox's first process runs, and has not begun to end
 * @returns `sandbox_not_running`, `invalid_request`, `conflict` when there is no room, or `internal`
 */
export async function startRefusal(
  error: ContainerError,
  what: string,
  isAlive: () => boolean,
): Promise<RuntimeRefusal> {
  const words = plainWords(error.message)
  const refusal = (code: ErrorCode, message: string) =>
    new RuntimeRefusal(code, message, undefined, { cause: error })
  for (const { words: said, why } of ofCommand) {
    const found = said.exec(words)
    if (found === null) continue
    const of = found.slice(1).find((group) => group !== undefined) ?? ''
    return refusal('invalid_request', `${what} cannot be started: ${why(of.slice(0, maxQuoted))}`)
  }
  if (ended.some((one) => one.test(words)) || !(await staysAlive(isAlive))) {
    return refusal('sandbox_not_running', 'the sandbox has stopped, or is stopping')
  }
  if (paused.test(words)) return refusal('sandbox_not_running', 'the sandbox is paused')
  if (noRoom.test(words)) {
    return refusal(
      'conflict',
      `${what} cannot be started: the sandbox is at its limit of processes or of memory`,
    )
  }
  return refusal('internal', `${what} cannot be started; the log of the runtime says why`)
}

/** gVisor writes lines of JSON, crun plain lines. */
function plainWords(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const message = /^\{"msg":("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
      return message === undefined ? line : String(JSON.parse(message))
    })
    .join('\n')
}

async function staysAlive(isAlive: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; isAlive(); waitedMs += 10) {
    if (waitedMs >= endingMs) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return false
}
