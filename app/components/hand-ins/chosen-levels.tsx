'use client'

import { useTranslations } from 'use-intl'
import type { Grade } from '../../lib/protocol-submissions'
import { useFormat } from '../../lib/use-format'
import { Points } from './standing'

/** The levels of a rubric that a grader chose. */
export function ChosenLevels({ levels }: { levels: NonNullable<NonNullable<Grade['given']>['levels']> }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <ul aria-label={t('rubrics.title')} className="grid gap-1 text-xs">
      {levels.map(({ criterion, title, text, points, maxPoints }) => (
        <li key={criterion}>
          <span className="flex flex-wrap items-baseline justify-between gap-x-3">
            <span className="min-w-0 break-words font-medium">{title}</span>
            <span className="sr-only">
              {t('rubrics.sum', { points: number(points), max: number(maxPoints) })}
            </span>
            <span aria-hidden>
              <Points points={points} of={maxPoints} />
            </span>
          </span>
          {text !== '' && <span className="break-words text-muted">{text}</span>}
        </li>
      ))}
    </ul>
  )
}
