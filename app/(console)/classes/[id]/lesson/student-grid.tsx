'use client'

import { Users } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { SelectField } from '../../../../components/ui/field'
import { Panel } from '../../../../components/ui/panel'
import { SearchField } from '../../../../components/ui/search-field'
import { Empty } from '../../../../components/ui/states'
import type { LessonStudent } from '../../../../lib/protocol-lessons'
import { shownOf, sorts, states, type View } from './shown'
import { StudentCard } from './student-card'

/** All students at once; those that are chosen are who the buttons of the page are about. */
export function StudentGrid({
  students,
  chosen,
  onChoose,
  onLower,
}: {
  students: readonly LessonStudent[]
  chosen: ReadonlySet<string>
  onChoose: (chosen: ReadonlySet<string>) => void
  onLower: (student: string) => void
}) {
  const t = useTranslations()
  const [view, setView] = useState<View>({ search: '', sort: 'name', filter: 'all' })
  const shown = shownOf(students, view)
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
        <span role="status" className="text-muted text-xs">
          {chosen.size > 0 && t('lesson.chosen', { count: chosen.size })}
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
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(13rem,1fr))] gap-3 p-4">
          {shown.map((one) => (
            <StudentCard
              key={one.student}
              one={one}
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
