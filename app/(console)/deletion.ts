import type { Question } from '../components/ui/confirm'
import { ApiError, order } from '../lib/api'
import type { Translate } from '../messages/texts'

/** Something for which students may have handed in. */
interface Deleted {
  /** Of the API. */
  readonly path: string
  readonly name: string
  /** Of the first question, and of the button of both. */
  readonly title: string
  readonly text: string
  readonly action: string
  readonly onDone: () => unknown
}

/** Asks before it is deleted and, where the API says that hand-ins would go with it, once more, with how many. */
export function deletionQuestion({ path, name, onDone, ...first }: Deleted, t: Translate): Question {
  return {
    ...first,
    run: async (ask) => {
      const failure = await order(path, { method: 'DELETE' }).catch((error: unknown) => error)
      if (failure === undefined) {
        await onDone()
        return
      }
      const count = failure instanceof ApiError ? failure.submissions : undefined
      if (count === undefined) throw failure
      ask({
        ...first,
        text: t('handIns.askDelete', { name, count }),
        typed: name,
        run: async () => {
          await order(`${path}?submissions=delete`, { method: 'DELETE' })
          await onDone()
        },
      })
    },
  }
}
