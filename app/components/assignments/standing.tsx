'use client'

import { useTranslations } from 'use-intl'
import type { Assignment } from '../../lib/protocol-assignments'
import { useFormat } from '../../lib/use-format'
import { Notice } from '../ui/notice'
import { ClassTime } from './class-time'
import { AssignmentBadge } from './state'

/** For a student: whether it can be worked on, until when, and what it costs to be late. */
export function Standing({ of }: { of: Assignment }) {
  const t = useTranslations()
  const { state, opensAt, dueAt, late, extended } = of
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 [&_dt]:text-muted">
      <dt>{t('assignments.state')}</dt>
      <dd>
        <AssignmentBadge state={state} />
      </dd>
      {state === 'scheduled' && opensAt && (
        <>
          <dt>{t('assignments.opens')}</dt>
          <dd>
            <ClassTime time={opensAt} />
          </dd>
        </>
      )}
      <dt>{t('assignments.due')}</dt>
      <dd>
        {dueAt ? <ClassTime time={dueAt} /> : t('assignments.neverDue')}
        {extended && <span className="block text-accent text-xs">{t('work.extended')}</span>}
      </dd>
      {dueAt && late?.until && (
        <>
          <dt>{t('work.taken')}</dt>
          <dd>
            <ClassTime time={late.until} />
          </dd>
        </>
      )}
    </dl>
  )
}

/** What being late, over, or too early means. */
export function Explained({ of }: { of: Assignment }) {
  const t = useTranslations()
  const { number } = useFormat()
  const { state, late, work } = of
  if (state === 'late' && late) {
    return <Notice tone="warn">{t('work.late', { percent: number(late.percentPerDay) })}</Notice>
  }
  if (state === 'closed') {
    return <Notice tone="info">{t(work?.sandbox ? 'work.closed' : 'work.closedUnbegun')}</Notice>
  }
  if (state === 'scheduled') return <Notice tone="info">{t('work.scheduled')}</Notice>
  return null
}
