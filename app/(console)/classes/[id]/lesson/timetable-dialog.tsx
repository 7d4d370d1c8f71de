import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../../components/ui/dialog'
import { Field, SelectField } from '../../../../components/ui/field'
import { Notice } from '../../../../components/ui/notice'
import { oneLine } from '../../../../lib/format'
import { type SetTimetable, timetableBounds, weekday } from '../../../../lib/protocol-lessons'
import { text, useSubmit } from '../../../../lib/use-submit'

interface Props {
  readonly assignments: readonly { readonly id: string; readonly title: string }[]
  readonly onAdd: (one: SetTimetable['lessons'][number]) => Promise<void>
  readonly onOpenChange: (open: boolean) => void
}

/** Adds a weekly lesson. */
export function TimetableDialog({ open, ...props }: Props & { readonly open: boolean }) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={props.onOpenChange}
      title={t('timetable.add')}
      description={t('timetable.addText', { minutes: timetableBounds.leadMinutes })}
    >
      <Form {...props} />
    </Dialog>
  )
}

function Form({ assignments, onAdd, onOpenChange }: Props) {
  const t = useTranslations()
  const { submit, busy, error } = useSubmit(async (form) => {
    const assignment = text(form, 'assignment')
    await onAdd({
      ...{ day: weekday.parse(text(form, 'day')), at: text(form, 'at').slice(0, 5) },
      ...{ minutes: Number(text(form, 'minutes')), template: null },
      assignment: assignment === '' ? null : assignment,
    })
    onOpenChange(false)
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <SelectField label={t('timetable.day')} name="day" required>
          {weekday.options.map((day) => (
            <option key={day} value={day}>
              {t(`timetable.days.${day}`)}
            </option>
          ))}
        </SelectField>
        <Field
          label={t('timetable.time')}
          hint={t('timetable.timeHint')}
          name="at"
          type="time"
          required
          defaultValue="09:00"
        />
        <Field
          label={t('lesson.minutes')}
          name="minutes"
          type="number"
          required
          min={1}
          max={timetableBounds.maxMinutes}
          defaultValue={90}
        />
        <SelectField label={t('lesson.assignment')} name="assignment">
          <option value="">{t('timetable.noAssignment')}</option>
          {assignments.map(({ id, title }) => (
            <option key={id} value={id}>
              {oneLine(title, 120)}
            </option>
          ))}
        </SelectField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('timetable.addOne')}
        </Button>
      </DialogFooter>
    </form>
  )
}
