'use client'

import { Presentation } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Field, SelectField } from '../../../../components/ui/field'
import { Notice } from '../../../../components/ui/notice'
import { PageHead, Panel } from '../../../../components/ui/panel'
import { Empty } from '../../../../components/ui/states'
import { call } from '../../../../lib/api'
import { oneLine } from '../../../../lib/format'
import { assignmentList } from '../../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../../lib/protocol-classes'
import { lesson, lessonBounds } from '../../../../lib/protocol-lessons'
import { useResource } from '../../../../lib/resource'
import { text, useSubmit } from '../../../../lib/use-submit'
import { Timetable } from './timetable'

/** What the page shows while no lesson runs. */
export function StartLesson({ of, onStart }: { of: ClassDescription; onStart: () => void }) {
  const t = useTranslations()
  return (
    <div className="grid gap-5">
      <PageHead title={t('lesson.title')}>{oneLine(of.name)}</PageHead>
      <Panel>
        <Empty icon={Presentation} title={t('lesson.none')}>
          {t('lesson.noneText')}
        </Empty>
        {of.role !== 'assistant' && !of.archived && <StartForm of={of} onStart={onStart} />}
      </Panel>
      <Timetable of={of} />
    </div>
  )
}

function StartForm({ of, onStart }: { of: ClassDescription; onStart: () => void }) {
  const t = useTranslations()
  const { data } = useResource(`/classes/${of.id}/assignments`, assignmentList)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const assignment = text(form, 'assignment')
    const body = {
      minutes: Number(text(form, 'minutes')),
      ...(assignment === '' ? {} : { assignment }),
    }
    await call(lesson, `/classes/${of.id}/lessons`, { method: 'POST', body })
    onStart()
  })
  return (
    <form onSubmit={submit} className="mx-auto grid max-w-sm gap-4 px-4 pb-10">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <SelectField label={t('lesson.assignment')} name="assignment" error={fieldError('assignment')}>
        <option value="">{t('lesson.noAssignment')}</option>
        {data?.items.map(({ id, title }) => (
          <option key={id} value={id}>
            {oneLine(title, 120)}
          </option>
        ))}
      </SelectField>
      <Field
        label={t('lesson.minutes')}
        hint={t('lesson.minutesHint')}
        name="minutes"
        type="number"
        required
        min={1}
        max={lessonBounds.maxMinutes}
        defaultValue={90}
        error={fieldError('minutes')}
      />
      <Button type="submit" look="primary" busy={busy}>
        {t('lesson.start')}
      </Button>
    </form>
  )
}
