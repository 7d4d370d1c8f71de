import { constants } from 'node:os'
import type { Output, RunDescription, RunEvent, TestReport } from '../../sdk/index.js'
import { exitCodeOfProgram, notTheProgram, timeIsOver } from './exit-code.js'
import { printable, write } from './output.js'

/**
 * Prints what a run's programs write, as it comes: of the compiler on stderr, since it is not the program's.
 * @returns the run as it ended
 */
export async function printRun(events: AsyncIterable<RunEvent>): Promise<RunDescription | undefined> {
  const printed = new Printed()
  for await (const event of events) {
    if (event.type === 'state' && event.attempt > 1) {
      console.error(`cloche: the run was interrupted and is started again: attempt ${event.attempt}`)
      printed.forget()
    } else if (event.type === 'output') {
      const bytes = Buffer.from(event.content, event.encoding)
      await printed.more(event.step, event.case, event.stream, bytes)
    } else if (event.type === 'case') {
      const { index, name, status, wallUs, judge } = event.result
      const points = judge?.points == null ? '' : `, ${judge.points} of 1 points`
      console.error(`case ${index + 1} ${name}: ${status}, ${(wallUs / 1000).toFixed(1)} ms${points}`)
    } else if (event.type === 'result') {
      for (const step of event.run.steps) await printed.rest(step, null)
      for (const each of event.run.cases) await printed.rest(each, each.index)
      for (const { report } of event.run.steps) if (report !== undefined) printTests(report)
      return event.run
    }
  }
  return undefined
}

/** Which tests have failed, on stderr: what is on stdout is the program's. */
function printTests({ tests, passed, total, problem }: TestReport): void {
  if (problem !== null) {
    console.error(`cloche: the report cannot be read: ${printable(problem)}`)
    return
  }
  for (const { name, status, message } of tests) {
    if (status === 'failed' || status === 'error')
      console.error(
        `${status}: ${printable(name)}${message === null ? '' : `: ${printable(message.split('\n')[0] ?? '')}`}`,
      )
  }
  console.error(`${passed} of ${total} tests passed`)
}

/** How much of each stream is on the screen: of a run that ended a while ago, or wrote much, the result has more. */
class Printed {
  readonly #bytes = new Map<string, number>()

  forget(): void {
    this.#bytes.clear()
  }

  async more(step: string, index: number | null, stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void> {
    const key = keyOf(step, index, stream)
    this.#bytes.set(key, (this.#bytes.get(key) ?? 0) + bytes.length)
    await write(process[step === 'compile' ? 'stderr' : stream], bytes)
  }

  async rest(result: { name: string; stdout: Output; stderr: Output }, index: number | null): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      const { content, encoding } = result[stream]
      const seen = this.#bytes.get(keyOf(result.name, index, stream)) ?? 0
      await this.more(result.name, index, stream, Buffer.from(content, encoding).subarray(seen))
    }
  }
}

/** A case has a name of its own, which its step does not know. */
const keyOf = (step: string, index: number | null, stream: string) =>
  `${index === null ? step : ''} ${index} ${stream}`

/** One line for a person about what a program's output does not say. */
export function explain({ state, status, steps, message }: RunDescription): string | undefined {
  if (state === 'canceled') return 'canceled'
  const failed = steps.find((step) => step.status !== 'ok')
  const said = [status, failed?.message ?? message].filter((part) => part !== null && part !== undefined)
  return status === 'ok' || status === 'runtime_error' ? undefined : said.join(': ')
}

/** The codes of `docs/reference/cli.md`. */
export function exitCodeOfRun({ state, status, steps }: RunDescription): number {
  const decisive = steps.find((step) => step.status !== 'ok') ?? steps.at(-1)
  switch (status) {
    case 'ok':
      return 0
    case 'runtime_error':
    case 'signaled':
      return decisive === undefined ? notTheProgram : exitCodeOfProgram(decisive)
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
