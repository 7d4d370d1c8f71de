import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitpidNow } from '../runtime/linux/libc.js'
import { exitStatus } from '../runtime/linux/process.js'
import { startProgram } from '../runtime/linux/start.js'

const waiting = new Map<number, (status: number) => void>()
let count = 0

/** Not the runtime's own way of waiting, which takes orphans in: a peer may wait for its own to be taken in by init. */
function sweep(): void {
  for (const [pid, ended] of waiting) {
    const status = waitpidNow(pid)
    if (status === undefined) continue
    waiting.delete(pid)
    ended(status)
  }
}

/**
 * Runs a peer's program to its end, started as cheaply as Cloche starts its own: what this process would need for
 * Node's way is no peer's fault.
 *
 * @returns what it printed
 * @throws with its own words when it does not end with 0
 */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  if (process.listenerCount('SIGCHLD') === 0) process.on('SIGCHLD', sweep)
  const file = join(tmpdir(), `cloche-bench-${process.pid}-${count++}`)
  const [nothing, output] = [openSync('/dev/null', 'r'), openSync(file, 'w', 0o600)]
  // Signals that come together are one; and nothing else may be open that keeps this process going.
  const pulse = setInterval(sweep, 100)
  try {
    const pid = startProgram(program, args, [nothing, output, output])
    const { exitCode, signal } = exitStatus(
      await new Promise<number>((resolve) => {
        waiting.set(pid, resolve)
        sweep()
      }),
    )
    const words = readFileSync(file, 'utf8').trim()
    if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode ?? signal}: ${words.slice(-300)}`)
    return words
  } finally {
    clearInterval(pulse)
    closeSync(nothing)
    closeSync(output)
    rmSync(file, { force: true })
  }
}
