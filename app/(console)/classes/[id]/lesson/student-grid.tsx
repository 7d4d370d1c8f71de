'use client'

import { SquareTerminal, Users } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { SelectField } from '../../../../components/ui/field'
import { Panel } from '../../../../components/ui/panel'
import { SearchField } from '../../../../components/ui/search-field'
import { Empty } from '../../../../components/ui/states'
import { cn } from '../../../../lib/cn'
import type { LessonStudent } from '../../../../lib/protocol-lessons'
import { shownOf, sorts, states, type View } from './shown'
import { StudentCard } from './student-card'
import { useScreens } from './use-screens'

/** All students at once; those that are chosen are who the buttons of the page are about. */
export function StudentGrid({
  path,
  students,
  chosen,
  onChoose,
  onLower,
}: {
  /** Of the lesson. */
  path: string
  students: readonly LessonStudent[]
  chosen: ReadonlySet<string>
  onChoose: (chosen: ReadonlySet<string>) => void
  onLower: (student: string) => void
}) {
  const t = useTranslations()
  const [view, setView] = useState<View>({ search: '', sort: 'name', filter: 'all' })
  const [isLooking, setLooking] = useState(false)
  const shown = shownOf(students, view)
  const screens = useScreens(
    isLooking ? path : null,
    shown.map(({ student }) => student),
  )
  const choose = (student: string, on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(student)
    else next.delete(student)
    onChoose(next)
  }
  return (
    <Panel
      title={t('lesson.students')}
      action={
        <span className="flex items-center gap-3">
          <span role="status" className="text-muted text-xs">
            {chosen.size > 0 && t('lesson.chosen', { count: chosen.size })}
          </span>
          <Button
            size="small"
            look={isLooking ? 'primary' : 'plain'}
            aria-pressed={isLooking}
            onClick={() => setLooking(!isLooking)}
          >
            <SquareTerminal aria-hidden />
            {t('lesson.screens')}
          </Button>
        </span>
      }
    >
      <div className="flex flex-wrap items-end gap-3 border-line border-b px-4 py-2">
        <div className="min-w-40 flex-1">
          <SearchField
            label={t('lesson.search')}
            placeholder={t('lesson.search')}
            value={view.search}
            onChange={(event) => setView({ ...view, search: event.target.value })}
          />
        </div>
        <SelectField
          label={t('lesson.filter')}
          value={view.filter}
          onChange={({ target: { value } }) =>
            setView({
              ...view,
              filter: states.find((one) => one === value) ?? (value === 'hand' ? value : 'all'),
            })
          }
        >
          <option value="all">{t('lesson.all')}</option>
          <option value="hand">{t('lesson.hand')}</option>
          {states.map((state) => (
            <option key={state} value={state}>
              {t(`lesson.states.${state}`)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t('lesson.sort')}
          value={view.sort}
          onChange={({ target: { value } }) =>
            setView({ ...view, sort: sorts.find((one) => one === value) ?? 'name' })
          }
        >
          {sorts.map((sort) => (
            <option key={sort} value={sort}>
              {t(`lesson.sorts.${sort}`)}
            </option>
          ))}
        </SelectField>
      </div>
      {shown.length === 0 ? (
        <Empty icon={Users} title={t('lesson.nobody')} />
      ) : (
        <ul
          className={cn(
            'grid gap-3 p-4',
            isLooking
              ? 'grid-cols-[repeat(auto-fill,minmax(18rem,1fr))]'
              : 'grid-cols-[repeat(auto-fill,minmax(13rem,1fr))]',
          )}
        >
          {shown.map((one) => (
            <StudentCard
              key={one.student}
              one={one}
              screen={isLooking ? screens.get(one.student) : null}
              chosen={chosen.has(one.student)}
              onChoose={(on) => choose(one.student, on)}
              onLower={() => onLower(one.student)}
            />
          ))}
        </ul>
      )}
    </Panel>
  )
}
