import type { BuildEvent } from '../../lib/protocol-builds'

type StepEvent = Extract<BuildEvent, { type: 'step' }>
type EndEvent = Extract<BuildEvent, { type: 'end' }>

export type StepView = Omit<StepEvent, 'type' | 'number' | 'steps'> & {
  /** What it has printed, as a terminal gets it. */
  readonly text: string
}

/** What is shown of a build while it goes on. */
export interface Shown {
  /** Number of the last event. */
  readonly last: number
  /** How many steps there are. */
  readonly total: number
  readonly steps: readonly StepView[]
  /** What the build says itself, and no step. */
  readonly text: string
  readonly end: EndEvent | null
}

export const nothingShown: Shown = { last: 0, total: 0, steps: [], text: '', end: null }

/** What is shown after one more event. One that is known already changes nothing. */
export function after(shown: Shown, event: BuildEvent): Shown {
  if (event.number <= shown.last) return shown
  const now = { ...shown, last: event.number }
  if (event.type === 'end') return { ...now, end: event }
  if (event.type === 'output') {
    if (event.step === 0) return { ...now, text: shown.text + event.text }
    return { ...now, steps: changed(shown.steps, event.step, ({ text }) => ({ text: text + event.text })) }
  }
  const { type: _, number: __, steps: total, ...step } = event
  const known = shown.steps.some((one) => one.step === event.step)
  const steps = known ? changed(shown.steps, event.step, () => step) : [...shown.steps, { ...step, text: '' }]
  return { ...now, total, steps }
}

const changed = (
  steps: readonly StepView[],
  step: number,
  change: (before: StepView) => Partial<StepView>,
): readonly StepView[] => steps.map((one) => (one.step === step ? { ...one, ...change(one) } : one))

/** All that was printed, with the steps that printed it, without colours and other orders to terminals. */
export function wholeLog({ text, steps, total, end }: Shown): string {
  const parts = steps.map(
    (one) => `[${one.stage} ${one.step}/${total}] ${one.instruction}\n${plain(one.text)}`,
  )
  return [plain(text), ...parts, end?.error ?? ''].filter((part) => part !== '').join('\n')
}

const plain = (text: string) =>
  text
    .replaceAll(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, '')
    .replaceAll(/\x1b\[[0-?]*[ -/]*[@-~]/g, '')
    .replaceAll('\r\n', '\n')
