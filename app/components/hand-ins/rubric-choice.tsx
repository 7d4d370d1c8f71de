'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Rubric } from '../../lib/protocol-assignments'
import { useFormat } from '../../lib/use-format'
import { Choice } from '../ui/choice'

/** What a grader has chosen: the place of a level, by the id of its criterion. */
export type Chosen = ReadonlyMap<string, number>

/** One level of each criterion, and the sum of their points. */
export function RubricChoice({
  rubric,
  first,
  max,
  onChange,
}: {
  rubric: Rubric
  /** What was chosen before. */
  first: Chosen
  max: number
  onChange: (chosen: Chosen) => void
}) {
  const t = useTranslations()
  const { number } = useFormat()
  const [chosen, setChosen] = useState(first)
  const choose = (criterion: string, level: number) => {
    const next = new Map(chosen).set(criterion, level)
    setChosen(next)
    onChange(next)
  }
  const points = rubric.reduce((sum, { id, levels }) => sum + (levels[chosen.get(id) ?? -1]?.points ?? 0), 0)
  return (
    <div className="grid gap-4">
      {rubric.map(({ id, title, levels }) => (
        <Choice
          key={id}
          label={title}
          value={String(chosen.get(id) ?? '')}
          options={levels.map((level, at) => ({
            value: String(at),
            title: t('rubrics.points', { points: number(level.points) }),
            text: level.text,
          }))}
          onChange={(value) => choose(id, Number(value))}
        />
      ))}
      <p role="status" className="tabular font-medium">
        {t('rubrics.sum', { points: number(Math.round(points * 1e6) / 1e6), max: number(max) })}
      </p>
    </div>
  )
}
