'use client'

import { Check, CircleAlert, CircleDot, LoaderCircle } from 'lucide-react'
import type { OpenDocument, SaveState } from '../../editor/document'
import { cn } from '../../lib/cn'
import { useExplain } from '../../lib/use-explain'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'

const looks = {
  saved: { icon: Check, text: 'Saved', className: '' },
  unsaved: { icon: CircleDot, text: 'Unsaved', className: 'text-ink' },
  saving: { icon: LoaderCircle, text: 'Saving…', className: '[&>svg]:animate-spin' },
  failed: { icon: CircleAlert, text: 'Not saved', className: 'text-bad' },
  conflict: { icon: CircleAlert, text: 'Not saved: the file changed on disk', className: 'text-bad' },
} as const satisfies Record<SaveState['kind'], unknown>

/** Whether the disk has what the editor shows. */
export function SaveStatus({ document }: { document: OpenDocument }) {
  const status = useStore(document.status)
  if (status.kind !== 'open') return null
  const { icon: Icon, text, className } = looks[status.save.kind]
  return (
    <span role="status" className={cn('flex items-center gap-1.5', className)}>
      <Icon aria-hidden className="size-3.5" />
      {text}
    </span>
  )
}

/** Why a document is not saved, and what can be done. */
export function SaveProblem({ document }: { document: OpenDocument }) {
  const explain = useExplain()
  const status = useStore(document.status)
  const toast = useToast()
  const home = useFocusHome()
  /** The button goes with the problem. */
  const act = (what: () => unknown) => () => {
    void what()
    home.focus()
  }
  if (status.kind !== 'open') return null
  const { save } = status
  if (save.kind === 'failed') {
    return (
      <Notice
        tone="bad"
        action={
          <Button size="small" onClick={act(() => document.saveNow())}>
            Try again
          </Button>
        }
      >
        {document.name} could not be saved: {explain(save.error)} Your text is kept in this browser.
      </Notice>
    )
  }
  if (save.kind !== 'conflict' || save.put === 'aside') return null
  return (
    <Notice tone="warn">
      <p>
        {save.disk === 'changed'
          ? `${document.name} was changed by something else. Reloading replaces your text, which Undo brings back; overwriting replaces the other change.`
          : `${document.name} was deleted or renamed by something else. Your text is kept here.`}
      </p>
      <div className="mt-1.5 flex flex-wrap gap-1.5">
        {save.disk === 'changed' && (
          <Button size="small" onClick={act(() => document.reload().catch(toast.failed))}>
            Reload from disk
          </Button>
        )}
        <Button size="small" look="danger" onClick={act(() => document.overwrite())}>
          {save.disk === 'changed' ? 'Overwrite file' : 'Save again'}
        </Button>
        <Button size="small" onClick={act(() => document.putAside())}>
          Keep editing
        </Button>
      </div>
    </Notice>
  )
}
