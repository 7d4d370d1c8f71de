import type { CaseResult, Output, Run, RunEvent, RunState, StepResult } from '../../lib/protocol-runs'
import { bytesOf, decoded } from './text'

/** Output as far as it has come. */
interface Printed extends Output {
  /** The first bytes of a character whose others are not there yet: pieces are cut anywhere. */
  readonly pending?: Uint8Array
}

/** A step as far as it has come; `result` is null until it ends. */
export interface StepView {
  readonly name: string
  readonly stdout: Printed
  readonly stderr: Printed
  readonly result: StepResult | null
}

export interface CaseView extends StepView {
  readonly index: number
}

/** What is known of a run, live or from its result. */
export interface Shown {
  readonly state: RunState
  readonly attempt: number
  readonly steps: readonly StepView[]
  readonly cases: readonly CaseView[]
  /** There when it has ended. */
  readonly run: Run | null
}

export const nothingShown: Shown = { state: 'queued', attempt: 0, steps: [], cases: [], run: null }

/** Of live output this many characters are shown; the result brings the rest. */
const liveMax = 200_000
const silence: Printed = { content: '', encoding: 'utf8', bytes: 0, truncated: false }

export function shownOf(run: Run): Shown {
  const { state, attempt, steps, cases } = run
  const view = <T extends StepResult>(result: T) => ({
    ...{ name: result.name, stdout: result.stdout, stderr: result.stderr, result },
  })
  return {
    ...{ state, attempt, steps: steps.map(view) },
    cases: cases.map((one) => ({ ...view(one), index: one.index })),
    run: run.finishedAt === null ? null : run,
  }
}

/** What is shown after one more event. A new attempt begins from nothing. */
export function after(shown: Shown, event: RunEvent): Shown {
  switch (event.type) {
    case 'state':
      if (event.attempt === shown.attempt) return { ...shown, state: event.state }
      return { ...nothingShown, state: event.state, attempt: event.attempt }
    case 'begin':
      return event.case === null
        ? { ...shown, steps: [...shown.steps, beginning(event.step)] }
        : withCase(shown, event.case, (view) => view)
    case 'output': {
      const add = <T extends StepView>(view: T): T => ({
        ...view,
        [event.stream]: longer(view[event.stream], event.content, event.encoding),
      })
      if (event.case !== null) return withCase(shown, event.case, add)
      return { ...shown, steps: changeLast(shown.steps, event.step, add) }
    }
    case 'step': {
      const { result } = event
      const { name, stdout, stderr } = result
      return { ...shown, steps: changeLast(shown.steps, name, () => ({ name, stdout, stderr, result })) }
    }
    case 'case':
      return withCase(shown, event.result.index, () => caseOf(event.result))
    case 'result':
      return shownOf(event.run)
  }
}

const beginning = (name: string): StepView => ({ name, stdout: silence, stderr: silence, result: null })

function caseOf(result: CaseResult): CaseView {
  const { name, stdout, stderr, index } = result
  return { name, stdout, stderr, index, result }
}

function changeLast(
  steps: readonly StepView[],
  name: string,
  change: (view: StepView) => StepView,
): StepView[] {
  const at = steps.findLastIndex((step) => step.name === name && step.result === null)
  const view = steps[at]
  return view ? steps.with(at, change(view)) : [...steps, change(beginning(name))]
}

function withCase(shown: Shown, index: number, change: (view: CaseView) => CaseView): Shown {
  const at = shown.cases.findIndex((one) => one.index === index)
  const view = shown.cases[at] ?? { ...beginning(`${index + 1}`), index }
  const cases = at < 0 ? [...shown.cases, change(view)] : shown.cases.with(at, change(view))
  return { ...shown, cases }
}

/** One more piece of live output. Where it is no text, the whole is bytes, of which only the number is known. */
function longer(before: Printed, content: string, encoding: Output['encoding']): Printed {
  const fresh = encoding === 'utf8' ? new TextEncoder().encode(content) : bytesOf(content)
  const bytes = before.bytes + fresh.length
  const known = before.encoding === 'base64' ? null : textAndRest(joined(before.pending, fresh))
  if (known === null) return { content: '', encoding: 'base64', bytes, truncated: true }
  const whole = before.content + known.text
  return {
    ...{ content: whole.slice(0, liveMax), encoding: 'utf8', bytes, pending: known.rest },
    truncated: before.truncated || whole.length > liveMax,
  }
}

/** The text that bytes begin with, and up to three more that may become a character; null for what is no text. */
function textAndRest(bytes: Uint8Array): { text: string; rest: Uint8Array } | null {
  const text = decoded(bytes, true)
  if (text === null || text.includes('\0')) return null
  return { text, rest: bytes.subarray(new TextEncoder().encode(text).length) }
}

function joined(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined || first.length === 0) return second
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
