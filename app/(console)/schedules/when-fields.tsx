import { useId } from 'react'
import { useTranslations } from 'use-intl'
import { Field, SelectField } from '../../components/ui/field'
import { type Rhythm, rhythms, type When } from './when'
import { useDayName } from './when-text'

/** When, and by which clocks. */
export function WhenFields({
  when,
  onChange,
  timeZone,
}: {
  when: When
  onChange: (when: When) => void
  timeZone: string
}) {
  const t = useTranslations()
  const dayName = useDayName()
  const zones = useId()
  const isRhythm = (value: string): value is Rhythm => rhythms.some((one) => one === value)
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          label={t('schedules.when')}
          value={when.rhythm}
          onChange={({ target: { value } }) => isRhythm(value) && onChange({ ...when, rhythm: value })}
        >
          {rhythms.map((rhythm) => (
            <option key={rhythm} value={rhythm}>
              {t(`schedules.rhythms.${rhythm}`)}
            </option>
          ))}
        </SelectField>
        {when.rhythm === 'custom' ? (
          <Field
            label={t('schedules.cron')}
            value={when.cron}
            onChange={({ target: { value } }) => onChange({ ...when, cron: value })}
            required
            maxLength={100}
            autoComplete="off"
            spellCheck={false}
            className="font-mono"
            hint={t('schedules.cronHint')}
          />
        ) : (
          <Field
            label={t('schedules.time')}
            type="time"
            value={when.time}
            onChange={({ target: { value } }) => onChange({ ...when, time: value })}
            required
            {...(when.rhythm === 'hourly' ? { hint: t('schedules.hourlyHint') } : {})}
          />
        )}
      </div>
      {when.rhythm === 'weekly' && (
        <SelectField
          label={t('schedules.day')}
          value={when.day}
          onChange={({ target: { value } }) => onChange({ ...when, day: Number(value) })}
        >
          {[1, 2, 3, 4, 5, 6, 0].map((day) => (
            <option key={day} value={day}>
              {dayName(day)}
            </option>
          ))}
        </SelectField>
      )}
      <Field
        label={t('schedules.timeZone')}
        name="timeZone"
        defaultValue={timeZone}
        required
        maxLength={64}
        autoComplete="off"
        list={zones}
      />
      <datalist id={zones}>
        {Intl.supportedValuesOf('timeZone').map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  )
}
