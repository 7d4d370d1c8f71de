import type { Assignment, AssignmentStep } from '../../../lib/protocol-assignments'

/** A step while it is edited. */
export interface StepDraft {
  /** Of the step as it is stored; null for a new one. What students have done is kept by it. */
  readonly id: string | null
  /** Tells the rows of the form apart. */
  readonly key: number
  readonly title: string
  readonly checked: boolean
  readonly command: string
  readonly timeoutSeconds: string
}

const defaultTimeoutSeconds = '10'

export function draftsOf(steps: Assignment['steps']): readonly StepDraft[] {
  return steps.map(({ id, title, check }, key) => ({
    ...{ id, key, title, checked: check !== null, command: check?.command ?? '' },
    timeoutSeconds: check === null ? defaultTimeoutSeconds : String(check.timeoutSeconds),
  }))
}

export function newStep(drafts: readonly StepDraft[]): StepDraft {
  const key = Math.max(-1, ...drafts.map((one) => one.key)) + 1
  return { id: null, key, title: '', checked: true, command: '', timeoutSeconds: defaultTimeoutSeconds }
}

/** As the API takes them. A new step gets an id of its title that no other has. */
export function stepsOf(drafts: readonly StepDraft[]): readonly AssignmentStep[] {
  const taken = new Set(drafts.map(({ id }) => id))
  return drafts.map(({ id, title, checked, command, timeoutSeconds }) => {
    const own = id ?? freeId(title, taken, 'step')
    taken.add(own)
    const check = { command, timeoutSeconds: Number(timeoutSeconds) }
    return { id: own, title, ...(checked ? { check } : {}) }
  })
}

/**
 * An id that is not taken, of the letters and digits of a title.
 *
 * @param otherwise what it begins with where there are none, as in a title in Chinese
 */
export function freeId(title: string, taken: ReadonlySet<string | null>, otherwise: string): string {
  const letters = title.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  const name = letters.replace(/^-/, '').slice(0, 32).replace(/-$/, '') || otherwise
  for (let number = 1; ; number++) {
    const id = number === 1 ? name : `${name}-${number}`
    if (!taken.has(id)) return id
  }
}
