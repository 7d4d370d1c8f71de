import { oneLine } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import type { Translate } from '../../messages/texts'
import type { Question } from '../ui/confirm'
import type { Step } from './actions'

/** Asks before a sandbox and its disk are gone. */
export function deleteQuestion(sandbox: Sandbox, run: () => Promise<void>, t: Translate): Question {
  return {
    title: t('sandbox.askToDelete', { name: oneLine(sandbox.name) }),
    text: t('sandbox.deleteText'),
    action: t('sandbox.deleteIt'),
    run,
  }
}

/** Asks before all members see a copy of a student's work. */
export function publishQuestion(sandbox: Sandbox, run: () => Promise<void>, t: Translate): Question {
  return {
    title: t('sandbox.askToPublish', { name: oneLine(sandbox.name) }),
    text: t('sandbox.publishText'),
    action: t('sandbox.publish'),
    run,
  }
}

/** Asks before a step that ends processes; null for one that loses nothing. */
export function stepQuestion(
  sandbox: Sandbox,
  step: Step,
  run: () => Promise<void>,
  t: Translate,
): Question | null {
  if (!step.destructive) return null
  return {
    title: t('sandbox.askToStop', { name: oneLine(sandbox.name) }),
    text: t('sandbox.stopText'),
    action: t('sandbox.stopIt'),
    run,
  }
}
