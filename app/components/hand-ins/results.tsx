'use client'

import { CircleCheck, CircleDashed, CircleX, Clock } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import type { GradedTest, Grading } from '../../lib/protocol-submissions'
import { Scroll } from '../ui/scroll'
import { Points } from './standing'

const looks = {
  failed: { icon: CircleX, className: 'text-bad' },
  limit: { icon: CircleX, className: 'text-bad' },
  no_decision: { icon: CircleDashed, className: 'text-muted' },
  passed: { icon: CircleCheck, className: 'text-accent' },
  setup_failed: { icon: CircleX, className: 'text-bad' },
  time_limit: { icon: Clock, className: 'text-bad' },
} as const

/** What the tests found, as far as whoever looks is shown it. */
export function Results({ of }: { of: Grading }) {
  const t = useTranslations()
  if (of.state === 'queued' || of.state === 'running') {
    return (
      <p role="status" className="text-muted">
        {t(`handIns.gradings.${of.state}`)}
      </p>
    )
  }
  if (of.tests === null) {
    return (
      <p className="text-muted">
        {t(of.state === 'finished' ? 'handIns.notShown' : `handIns.gradings.${of.state}`)}
        {of.message && <span className="mt-1 block break-words">{oneLine(of.message, 1000)}</span>}
      </p>
    )
  }
  return (
    <ol aria-label={t('handIns.results')} className="grid gap-2.5">
      {of.tests.map((test, at) => (
        <Test key={test.id} test={test} number={at + 1} />
      ))}
    </ol>
  )
}

function Test({ test, number }: { test: GradedTest; number: number }) {
  const t = useTranslations()
  const { icon: Icon, className } = looks[test.status]
  const name = test.name === null ? t('handIns.unnamed', { number: String(number) }) : oneLine(test.name, 200)
  return (
    <li className="flex items-start gap-2.5">
      <Icon aria-hidden className={cn('mt-0.5 size-4 shrink-0', className)} />
      <div className="grid min-w-0 flex-1 gap-1">
        <div className="flex items-baseline justify-between gap-3">
          <span className="min-w-0 break-words">
            {name}
            <span className={cn('text-xs', test.status === 'passed' ? 'sr-only' : className)}>
              {' '}
              – {t(`handIns.tests.${test.status}`)}
            </span>
          </span>
          <Points points={test.points} of={test.maxPoints} />
        </div>
        {test.message && <p className="whitespace-pre-wrap break-words text-muted text-xs">{test.message}</p>}
        {test.parts !== null && test.parts.length > 0 && <Parts of={test.parts} name={name} />}
        {test.judgeOutput && (
          <Scroll label={t('handIns.judgeOutputOf', { name })} className="max-h-48 px-2 py-1">
            <pre className="whitespace-pre-wrap break-words font-mono text-muted text-xs leading-5">
              {test.judgeOutput}
            </pre>
          </Scroll>
        )}
        {test.output && (
          <Scroll label={t('handIns.outputOf', { name })} className="max-h-48 px-2 py-1">
            <pre className="whitespace-pre-wrap break-words font-mono text-xs leading-5">{test.output}</pre>
          </Scroll>
        )}
      </div>
    </li>
  )
}

/** The tests that a judge tells of. */
function Parts({ of, name }: { of: NonNullable<GradedTest['parts']>; name: string }) {
  const t = useTranslations()
  return (
    <ul
      aria-label={t('handIns.partsOf', { name })}
      className="grid gap-1 border-line border-l pl-2.5 text-xs"
    >
      {of.map((part, at) => (
        // Their names need not differ.
        // biome-ignore lint/suspicious/noArrayIndexKey: they keep their order
        <li key={at} className="grid gap-0.5">
          <div className="flex items-baseline justify-between gap-3">
            <span className="min-w-0 break-words">
              {oneLine(part.name, 200)}
              <span className={part.passed ? 'sr-only' : part.skipped ? 'text-muted' : 'text-bad'}>
                {' '}
                –{' '}
                {t(
                  part.passed
                    ? 'handIns.tests.passed'
                    : part.skipped
                      ? 'handIns.skipped'
                      : 'handIns.tests.failed',
                )}
              </span>
            </span>
            {part.points !== null && part.maxPoints !== null && (
              <Points points={part.points} of={part.maxPoints} />
            )}
          </div>
          {part.message && <p className="whitespace-pre-wrap break-words text-muted">{part.message}</p>}
        </li>
      ))}
    </ul>
  )
}
