'use client'

import { Check, CircleAlert, CircleDot, LoaderCircle } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { OpenDocument, SaveState } from '../../editor/document'
import { cn } from '../../lib/cn'
import { useExplain } from '../../lib/use-explain'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'

const looks = {
  saved: { icon: Check, className: '' },
  unsaved: { icon: CircleDot, className: 'text-ink' },
  saving: { icon: LoaderCircle, className: '[&>svg]:animate-spin' },
  failed: { icon: CircleAlert, className: 'text-bad' },
  conflict: { icon: CircleAlert, className: 'text-bad' },
} as const satisfies Record<SaveState['kind'], unknown>

/** Whether the disk has what the editor shows. */
export function SaveStatus({ document }: { document: OpenDocument }) {
  const t = useTranslations()
  const status = useStore(document.status)
  if (status.kind !== 'open') return null
  if (document.looking) return <span>{t('shares.lookingOnly')}</span>
  const { icon: Icon, className } = looks[status.save.kind]
  return (
    <span role="status" className={cn('flex items-center gap-1.5', className)}>
      <Icon aria-hidden className="size-3.5" />
      {t(`editor.save.${status.save.kind}`)}
    </span>
  )
}

/** Why a document is not saved, and what can be done. */
export function SaveProblem({ document, onCompare }: { document: OpenDocument; onCompare: () => void }) {
  const t = useTranslations()
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
            {t('common.tryAgain')}
          </Button>
        }
      >
        {t('editor.saveFailed', { name: document.name, reason: explain(save.error) })}
      </Notice>
    )
  }
  if (save.kind !== 'conflict' || save.put === 'aside') return null
  return (
    <Notice tone="warn">
      <p>
        {t(save.disk === 'changed' ? 'editor.changedByOther' : 'editor.goneByOther', { name: document.name })}
      </p>
      <div className="mt-1.5 flex flex-wrap gap-1.5">
        {save.disk === 'changed' && (
          <Button size="small" look="primary" onClick={onCompare}>
            {t('editor.compare')}
          </Button>
        )}
        {save.disk === 'changed' && (
          <Button size="small" onClick={act(() => document.reload().catch(toast.failed))}>
            {t('editor.reload')}
          </Button>
        )}
        <Button size="small" look="danger" onClick={act(() => document.overwrite())}>
          {t(save.disk === 'changed' ? 'editor.overwrite' : 'editor.saveAgain')}
        </Button>
        <Button size="small" onClick={act(() => document.putAside())}>
          {t('editor.keepEditing')}
        </Button>
      </div>
    </Notice>
  )
}
