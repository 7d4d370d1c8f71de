'use client'

import { Circle, CircleCheck, CircleDot, CircleX, ListChecks } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../lib/api'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import { type Assignment, type AssignmentWork, assignmentWork } from '../../lib/protocol-assignments'
import { useFormat } from '../../lib/use-format'
import { Button } from '../ui/button'
import { useToast } from '../ui/toast'

type Step = Assignment['steps'][number]

const looks = {
  passed: { icon: CircleCheck, className: 'text-accent' },
  failed: { icon: CircleX, className: 'text-bad' },
  unknown: { icon: Circle, className: 'text-muted' },
  unchecked: { icon: CircleDot, className: 'text-muted' },
} as const

/** The way through an assignment, with what the last check of somebody's sandbox has found. */
export function Steps({
  of,
  onChecked,
}: {
  of: Pick<Assignment, 'id' | 'steps' | 'work'>
  onChecked: (work: AssignmentWork) => void
}) {
  const t = useTranslations()
  const toast = useToast()
  const { dateTime } = useFormat()
  const [busy, setBusy] = useState(false)
  const { work, steps } = of
  const check = async () => {
    setBusy(true)
    try {
      onChecked(await call(assignmentWork, `/assignments/${of.id}/check`, { method: 'POST' }))
    } catch (failure) {
      toast.failed(failure)
    } finally {
      setBusy(false)
    }
  }
  const lookOf = ({ id, checked }: Step): keyof typeof looks => {
    if (!checked) return 'unchecked'
    const passed = work?.progress.find((one) => one.id === id)?.passed ?? null
    return passed === null ? 'unknown' : passed ? 'passed' : 'failed'
  }
  return (
    <div className="grid gap-3">
      <ol aria-label={t('work.steps')} className="grid gap-2">
        {steps.map((step) => {
          const look = lookOf(step)
          const { icon: Icon, className } = looks[look]
          return (
            <li key={step.id} className="flex items-start gap-2.5">
              <Icon aria-hidden className={cn('mt-0.5 size-4 shrink-0', className)} />
              <span className="min-w-0 break-words">
                {oneLine(step.title, 200)}
                <span className="sr-only"> – {t(`work.step.${look}`)}</span>
              </span>
            </li>
          )
        })}
      </ol>
      {work !== null && work.checks > 0 && (
        <div className="grid gap-2">
          <p role="status" className="text-muted text-xs">
            {work.checkedAt === null
              ? t('work.notChecked')
              : `${t('work.passed', { passed: work.passed, checks: work.checks })} · ${t('work.checkedAt', { at: dateTime(work.checkedAt) })}`}
          </p>
          {work.sandbox !== null && (
            <Button className="justify-self-start" busy={busy} onClick={() => void check()}>
              {!busy && <ListChecks aria-hidden />}
              {t('work.check')}
            </Button>
          )}
          <p className="text-muted text-xs">{t('work.help')}</p>
        </div>
      )}
    </div>
  )
}
