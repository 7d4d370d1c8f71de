'use client'

import { useTranslations } from 'use-intl'
import type { AssignmentWork } from '../../lib/protocol-assignments'

/** How far somebody is: the steps that have passed, or whether they have begun. */
export function Progress({
  work: { state, passed, checks },
}: {
  work: Pick<AssignmentWork, 'state' | 'passed' | 'checks'>
}) {
  const t = useTranslations()
  if (state !== 'started' || checks === 0) {
    return <span className={state === 'started' ? '' : 'text-muted'}>{t(`work.states.${state}`)}</span>
  }
  const text = t('work.passed', { passed, checks })
  return (
    <span className="grid w-32 max-w-full gap-1">
      <span className="tabular text-xs">{text}</span>
      <span aria-hidden className="h-1 overflow-hidden rounded-full bg-line">
        <span
          className="block h-full rounded-full bg-accent"
          style={{ width: `${(100 * passed) / checks}%` }}
        />
      </span>
    </span>
  )
}
