'use client'

import { Hand, Snowflake } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { cn } from '../../../../lib/cn'
import { oneLine } from '../../../../lib/format'
import type { LessonScreen, LessonState, LessonStudent } from '../../../../lib/protocol-lessons'
import { useFormat } from '../../../../lib/use-format'
import { Thumbnail } from './thumbnail'

const dots: Readonly<Record<LessonState, string>> = {
  stuck: 'bg-warn',
  error: 'bg-bad',
  running: 'bg-accent',
  working: 'bg-accent',
  idle: 'border-[1.5px] border-edge',
  frozen: 'border-[1.5px] border-accent',
  offline: 'bg-edge',
}

/**
 * One student in the grid.
 * @param screen what a terminal of theirs shows; null when screens are not shown
 */
export function StudentCard({
  one,
  screen,
  chosen,
  onChoose,
  onLower,
}: {
  one: LessonStudent
  screen: LessonScreen | undefined | null
  chosen: boolean
  onChoose: (chosen: boolean) => void
  onLower: () => void
}) {
  const t = useTranslations()
  const { duration } = useFormat()
  const name = oneLine(one.name)
  const { passed, checks } = one.steps
  return (
    <li
      data-student={one.student}
      className={cn('grid content-start gap-2 rounded-lg border border-line p-3', chosen && 'border-accent')}
    >
      <label className="flex items-center gap-2 font-medium">
        <input
          type="checkbox"
          aria-label={t('lesson.select', { name })}
          checked={chosen}
          onChange={(event) => onChoose(event.target.checked)}
        />
        <span className="min-w-0 truncate">{name}</span>
        {one.frozen && <Snowflake aria-hidden className="ml-auto size-4 shrink-0 text-accent" />}
      </label>
      <span className="flex items-center gap-1.5 text-xs">
        <span aria-hidden className={cn('size-2 rounded-full', dots[one.state])} />
        {t(`lesson.states.${one.state}`)}
        {checks > 0 && (
          <span className="tabular ml-auto text-muted">{t('lesson.steps', { passed, checks })}</span>
        )}
      </span>
      {screen !== null && <Thumbnail screen={screen} name={name} />}
      {one.handUp !== null && (
        <span className="flex items-center gap-1.5 text-warn text-xs">
          <Hand aria-hidden className="size-4" />
          {t('lesson.handUp', { time: duration(Date.now() - Date.parse(one.handUp)) })}
          <Button size="small" look="quiet" className="ml-auto" onClick={onLower}>
            {t('lesson.lower')}
          </Button>
        </span>
      )}
      {one.sandbox !== null && (
        <Link className="text-accent text-xs hover:underline" href={`/sandboxes/${one.sandbox.id}`}>
          {t('lesson.open')}
        </Link>
      )}
    </li>
  )
}
