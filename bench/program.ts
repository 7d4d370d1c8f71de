import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Reaper } from '../runtime/linux/process.js'

const reaper = new Reaper()
let count = 0

/**
 * Runs a peer's program to its end, started as cheaply as Cloche starts its own: what this process would need for
 * Node's way is no peer's fault.
 *
 * @returns what it printed
 * @throws with its own words when it does not end with 0
 */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const file = join(tmpdir(), `cloche-bench-${process.pid}-${count++}`)
  const [nothing, output] = [openSync('/dev/null', 'r'), openSync(file, 'w', 0o600)]
  try {
    const { exitCode, signal } = await reaper.run(program, args, [nothing, output, output])
    const words = readFileSync(file, 'utf8').trim()
    if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode ?? signal}: ${words.slice(-300)}`)
    return words
  } finally {
    closeSync(nothing)
    closeSync(output)
    rmSync(file, { force: true })
  }
}
