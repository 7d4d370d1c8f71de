import { oneLine } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import type { Question } from '../ui/confirm'

/** Asks before a sandbox and its disk are gone. */
export function deleteQuestion(sandbox: Sandbox, run: () => Promise<void>): Question {
  return {
    title: `Delete ${oneLine(sandbox.name)}?`,
    text: 'Its disk and everything on it is gone at once. This cannot be undone. To keep the disk, stop it instead.',
    action: 'Delete sandbox',
    run,
  }
}
