'use client'

import { SelectField } from '../../components/ui/field'
import { SearchField } from '../../components/ui/search-field'
import { actionChoices, actionTitle } from './sentence'

/** Which events the page shows; an empty text is no filter. */
export interface AuditFilter {
  /** `sandbox`, or `sandbox.create`. */
  readonly action: string
  readonly time: '' | keyof typeof times
}

export const noFilter: AuditFilter = { action: '', time: '' }

const times = {
  day: { title: 'Last 24 hours', hours: 24 },
  week: { title: 'Last 7 days', hours: 168 },
  month: { title: 'Last 30 days', hours: 720 },
} as const

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
    ...(time ? { from: new Date(nowMs - times[time].hours * 3_600_000).toISOString() } : {}),
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
  return (
    <search className="grid grid-cols-2 gap-2 border-line border-b p-2 sm:flex">
      <SearchField
        label="Filter by email or name of the API key"
        placeholder="Email or API key"
        maxLength={254}
        value={typed}
        onChange={(event) => onType(event.currentTarget.value)}
        className="col-span-2 min-w-40 flex-1"
      />
      <SelectField
        bare
        label="Action"
        value={filter.action}
        onChange={(event) => onChange({ ...filter, action: event.currentTarget.value })}
      >
        <option value="">All actions</option>
        {actionChoices.map(({ kind, title, actions }) => (
          <optgroup key={kind} label={title}>
            {actions.length > 1 && <option value={kind}>{`${title}: all`}</option>}
            {actions.map((action) => (
              <option key={action} value={action}>
                {`${title}: ${actionTitle(action).toLowerCase()}`}
              </option>
            ))}
          </optgroup>
        ))}
      </SelectField>
      <SelectField
        bare
        label="Time"
        value={filter.time}
        onChange={(event) => onChange({ ...filter, time: timeOf(event.currentTarget.value) })}
      >
        <option value="">Any time</option>
        {Object.entries(times).map(([name, { title }]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </SelectField>
    </search>
  )
}
