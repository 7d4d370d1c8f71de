'use client'

import { ChevronRight } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import type { StepView } from './shown'
import { BuildBadge, type StepState } from './state'
import { useTook } from './took'

const LogView = lazy(() => import('./log-view').then((loaded) => ({ default: loaded.LogView })))

/** One step: what the Dockerfile says, how it stands, how long it took; and what it has printed, when it is open. */
export function StepRow({
  step,
  state,
  showStage,
  open,
  onTurn,
}: {
  step: StepView
  state: StepState
  /** Whether there are several. */
  showStage: boolean
  open: boolean
  onTurn: () => void
}) {
  const t = useTranslations()
  const took = useTook()
  const { line, stage, instruction, durationMs, text } = step
  const [first = '', ...more] = instruction.split('\n')
  const says = oneLine(first, 300)
  return (
    <li className={cn(state === 'failed' && 'bg-bad-soft')}>
      <button
        type="button"
        aria-expanded={open}
        onClick={onTurn}
        className="flex w-full flex-wrap items-start gap-x-3 gap-y-1 px-4 py-2.5 text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={cn('mt-0.5 size-4 shrink-0 text-muted transition-transform', open && 'rotate-90')}
        />
        <span className="min-w-0 flex-1 basis-64">
          <span className="block break-words font-mono text-xs leading-5">
            {says}
            {more.length > 0 && !open && ' …'}
          </span>
          <span className={cn('block text-xs', state === 'failed' ? 'text-bad' : 'text-muted')}>
            {t('builds.where', { line: String(line) })}
            {showStage && ` · ${t('builds.stageOf', { stage: oneLine(stage, 64) })}`}
          </span>
        </span>
        <span className="ml-7 flex items-center gap-3 sm:ml-0">
          {durationMs !== null && state !== 'cached' && (
            <span className="tabular whitespace-nowrap text-muted text-xs">{took(durationMs)}</span>
          )}
          <BuildBadge state={state} />
        </span>
      </button>
      {open && more.length > 0 && (
        <pre className="overflow-x-auto border-line border-t px-4 py-3 font-mono text-xs leading-5">
          {instruction}
        </pre>
      )}
      {open &&
        (text === '' ? (
          <p className="border-line border-t bg-ground px-4 py-3 text-muted text-xs">
            {t(state === 'cached' ? 'builds.cachedText' : 'builds.noOutput')}
          </p>
        ) : (
          <Suspense fallback={<p className="px-4 py-3 text-muted text-xs">{t('common.loading')}</p>}>
            <LogView label={t('builds.outputOf', { step: says })} text={text} />
          </Suspense>
        ))}
    </li>
  )
}
