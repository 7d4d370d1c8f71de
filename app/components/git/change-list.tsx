'use client'

import { Minus, Plus, Undo2 } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { Change } from '../../git/status'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import { Button } from '../ui/button'
import { Tip } from '../ui/tip'
import { ChangeMark } from './change-mark'

export interface ChangeListProps {
  readonly title: string
  readonly changes: readonly Change[]
  /** The one whose differences are shown. */
  readonly shown: Change | null
  readonly busy: boolean
  readonly onShow: (change: Change) => void
  readonly onStage?: (changes: readonly Change[]) => void
  readonly onUnstage?: (changes: readonly Change[]) => void
  readonly onDiscard?: (changes: readonly Change[]) => void
}

/** Files that changed, with what can be done with each and with all. */
export function ChangeList({ title, changes, shown, onShow, ...rest }: ChangeListProps) {
  if (changes.length === 0) return null
  return (
    <section aria-label={title} className="pb-2">
      <div className="flex items-center gap-1 py-1 pr-1 pl-3">
        <h3 className="min-w-0 flex-1 truncate font-semibold text-xs">
          {title} <span className="tabular font-normal text-muted">{changes.length}</span>
        </h3>
        <Actions changes={changes} all {...rest} />
      </div>
      <ul>
        {changes.map((change) => (
          <li
            key={change.path}
            className={cn(
              'group flex items-center gap-1 pr-1 hover:bg-hover focus-within:bg-hover',
              shown?.path === change.path && 'bg-hover',
            )}
          >
            <Row change={change} onShow={onShow} />
            <Actions changes={[change]} {...rest} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Row({ change, onShow }: { change: Change; onShow: (change: Change) => void }) {
  const { path, from, kind } = change
  const whole = path.replace(/\/$/, '')
  const at = whole.lastIndexOf('/') + 1
  return (
    <button
      type="button"
      onClick={() => onShow(change)}
      title={oneLine(from === null ? path : `${from} → ${path}`, 400)}
      className="flex min-w-0 flex-1 items-baseline gap-2 py-1 pl-3 text-left text-xs outline-offset-[-2px] pointer-coarse:py-2.5"
    >
      <span className={cn('truncate', kind === 'deleted' && 'line-through')}>
        {oneLine(path.slice(at), 255)}
      </span>
      <span className="min-w-0 flex-1 truncate text-muted">
        {oneLine(path.slice(0, Math.max(0, at - 1)), 255)}
      </span>
      <ChangeMark kind={kind} />
    </button>
  )
}

function Actions({
  changes,
  all = false,
  busy,
  onStage,
  onUnstage,
  onDiscard,
}: Pick<ChangeListProps, 'changes' | 'busy' | 'onStage' | 'onUnstage' | 'onDiscard'> & { all?: boolean }) {
  const t = useTranslations()
  const name = oneLine(changes[0]?.path ?? '')
  const actions = [
    { icon: Undo2, act: onDiscard, text: all ? t('git.discardAll') : t('git.discard', { name }) },
    { icon: Plus, act: onStage, text: all ? t('git.stageAll') : t('git.stage', { name }) },
    { icon: Minus, act: onUnstage, text: all ? t('git.unstageAll') : t('git.unstage', { name }) },
  ]
  return (
    <span className="flex shrink-0">
      {actions.map(
        ({ icon: Icon, act, text }) =>
          act && (
            <Tip key={text} text={text}>
              <Button
                look="quiet"
                size="iconSmall"
                className="size-6"
                aria-label={text}
                disabled={busy}
                onClick={() => act(changes)}
              >
                <Icon />
              </Button>
            </Tip>
          ),
      )}
    </span>
  )
}
