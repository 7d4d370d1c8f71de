import { constants } from 'node:os'
import type { RunDescription, RunEvent } from '../../sdk/index.js'
import { exitCodeOfProgram, notTheProgram, timeIsOver } from './exit-code.js'
import { write } from './output.js'

/**
 * Prints what a run's programs write, as it comes: of the compiler on stderr, since it is not the program's.
 * @returns the run as it ended
 */
export async function printRun(events: AsyncIterable<RunEvent>): Promise<RunDescription | undefined> {
  let live = false
  for await (const event of events) {
    if (event.type === 'begin') live = true
    if (event.type === 'output') await print(event.step, event.stream, event)
    else if (event.type === 'case') {
      const { index, name, status, wallUs } = event.result
      console.error(`case ${index + 1} ${name}: ${status}, ${(wallUs / 1000).toFixed(1)} ms`)
    } else if (event.type === 'result') {
      // Of a run that ended a while ago there is nothing but its result.
      if (!live) await printSteps(event.run)
      return event.run
    }
  }
  return undefined
}

async function printSteps({ steps, cases }: RunDescription): Promise<void> {
  for (const { name, stdout, stderr } of [...steps, ...cases]) {
    await print(name, 'stdout', stdout)
    await print(name, 'stderr', stderr)
  }
}

function print(
  step: string,
  stream: 'stdout' | 'stderr',
  { content, encoding }: { content: string; encoding: 'utf8' | 'base64' },
): Promise<void> {
  return write(process[step === 'compile' ? 'stderr' : stream], Buffer.from(content, encoding))
}

/** One line for a person about what a program's output does not say. */
export function explain({ state, status, steps, message }: RunDescription): string | undefined {
  if (state === 'canceled') return 'canceled'
  const last = steps.find((step) => step.status !== 'ok')
  const said = [status, last?.message ?? message].filter((part) => part !== null && part !== undefined)
  return status === 'ok' || status === 'runtime_error' ? undefined : said.join(': ')
}

/** The codes of `docs/cli.md`. */
export function exitCodeOfRun({ state, status, steps }: RunDescription): number {
  const last = steps.find((step) => step.status !== 'ok') ?? steps.at(-1)
  switch (status) {
    case 'ok':
      return 0
    case 'runtime_error':
    case 'signaled':
      return last === undefined ? notTheProgram : exitCodeOfProgram(last)
    case 'time_limit':
    case 'cpu_limit':
      return timeIsOver
    case 'memory_limit':
      return 128 + constants.signals.SIGKILL
    case 'compile_error':
      return 120
    case 'wrong_answer':
      return 121
    case 'output_limit':
    case 'disk_limit':
    case 'process_limit':
      return 122
    default:
      return state === 'canceled' ? 128 + constants.signals.SIGTERM : notTheProgram
  }
}
