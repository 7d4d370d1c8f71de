import { oneLine } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import type { Question } from '../ui/confirm'
import type { Step } from './actions'

/** Asks before a sandbox and its disk are gone. */
export function deleteQuestion(sandbox: Sandbox, run: () => Promise<void>): Question {
  return {
    title: `Delete ${oneLine(sandbox.name)}?`,
    text: 'This permanently deletes its disk and every file on it. To keep the files, stop the sandbox instead.',
    action: 'Delete sandbox',
    run,
  }
}

/** Asks before a step that ends processes; null for one that loses nothing. */
export function stepQuestion(sandbox: Sandbox, step: Step, run: () => Promise<void>): Question | null {
  if (step.consequence === undefined) return null
  return {
    ...{ title: `${step.name} ${oneLine(sandbox.name)}?`, text: step.consequence },
    ...{ action: `${step.name} sandbox`, run },
  }
}
