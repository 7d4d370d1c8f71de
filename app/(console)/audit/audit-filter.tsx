'use client'

import { useTranslations } from 'use-intl'
import { SelectField } from '../../components/ui/field'
import { SearchField } from '../../components/ui/search-field'
import { actionChoices } from './actions'

/** Which events the page shows; an empty text is no filter. */
export interface AuditFilter {
  /** `sandbox`, or `sandbox.create`. */
  readonly action: string
  readonly time: '' | keyof typeof times
}

export const noFilter: AuditFilter = { action: '', time: '' }

/** In hours before now. */
const times = { day: 24, week: 168, month: 720 } as const

const timeOf = (value: string): AuditFilter['time'] =>
  value === 'day' || value === 'week' || value === 'month' ? value : ''

/**
 * The filter as the API takes it.
 *
 * @param actor what was searched for
 */
export function auditQueryOf(
  { action, time }: AuditFilter,
  actor: string,
  nowMs: number,
): Record<string, string> {
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(time ? { from: new Date(nowMs - times[time] * 3_600_000).toISOString() } : {}),
  }
}

export function AuditFilterBar({
  filter,
  typed,
  onType,
  onChange,
}: {
  filter: AuditFilter
  typed: string
  onType: (typed: string) => void
  onChange: (filter: AuditFilter) => void
}) {
  const t = useTranslations()
  return (
    <search className="grid grid-cols-2 gap-2 border-line border-b p-2 sm:flex">
      <SearchField
        label={t('audit.filterActor')}
        placeholder={t('audit.filterActorShort')}
        maxLength={254}
        value={typed}
        onChange={(event) => onType(event.currentTarget.value)}
        className="col-span-2 min-w-40 flex-1"
      />
      <SelectField
        bare
        label={t('audit.action')}
        value={filter.action}
        onChange={(event) => onChange({ ...filter, action: event.currentTarget.value })}
      >
        <option value="">{t('audit.allActions')}</option>
        {actionChoices.map(({ kind, actions }) => {
          const title = t(`audit.kinds.${kind}`)
          return (
            <optgroup key={kind} label={title}>
              {actions.length > 1 && <option value={kind}>{t('audit.allOf', { kind: title })}</option>}
              {actions.map(({ action, text }) => (
                <option key={action} value={action}>
                  {t('audit.choice', { kind: title, action: t(text) })}
                </option>
              ))}
            </optgroup>
          )
        })}
      </SelectField>
      <SelectField
        bare
        label={t('audit.time')}
        value={filter.time}
        onChange={(event) => onChange({ ...filter, time: timeOf(event.currentTarget.value) })}
      >
        <option value="">{t('audit.anyTime')}</option>
        {(['day', 'week', 'month'] as const).map((name) => (
          <option key={name} value={name}>
            {t(`audit.times.${name}`)}
          </option>
        ))}
      </SelectField>
    </search>
  )
}
