'use client'

import { useTranslations } from 'use-intl'
import { SelectField } from '../../components/ui/field'
import { SearchField } from '../../components/ui/search-field'
import type { Language } from '../../lib/protocol'
import { stepStatus } from '../../lib/protocol-runs'

/** Which runs the history shows; an empty text is no filter. */
export interface Filter {
  /** A state (`queued`, `running`, `canceled`) or how it ended (`ok`, `wrong_answer`, …). */
  readonly verdict: string
  readonly language: string
}

export const noFilter: Filter = { verdict: '', language: '' }

const states = ['queued', 'running', 'canceled'] as const

/** The filter, and what was searched for, as the API takes it. */
export function filterQuery({ verdict, language }: Filter, search: string): Record<string, string> {
  return {
    ...(search ? { search } : {}),
    ...(verdict === ''
      ? {}
      : states.some((state) => state === verdict)
        ? { state: verdict }
        : { status: verdict }),
    ...(language ? { language } : {}),
  }
}

export function HistoryFilter({
  filter,
  typed,
  languages,
  onType,
  onChange,
}: {
  filter: Filter
  typed: string
  languages: readonly Language[]
  onType: (typed: string) => void
  onChange: (filter: Filter) => void
}) {
  const t = useTranslations()
  return (
    <search className="grid grid-cols-2 gap-2 border-line border-b p-2 sm:flex">
      <SearchField
        label={t('runs.search')}
        placeholder={t('runs.searchShort')}
        maxLength={128}
        value={typed}
        onChange={(event) => onType(event.currentTarget.value)}
        className="col-span-2 min-w-40 flex-1"
      />
      <SelectField
        bare
        label={t('runs.result')}
        value={filter.verdict}
        onChange={(event) => onChange({ ...filter, verdict: event.currentTarget.value })}
      >
        <option value="">{t('runs.allResults')}</option>
        {states.map((state) => (
          <option key={state} value={state}>
            {t(`runs.states.${state}`)}
          </option>
        ))}
        {stepStatus.options.map((status) => (
          <option key={status} value={status}>
            {t(`runs.statuses.${status}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        bare
        label={t('runs.languageOfRun')}
        value={filter.language}
        onChange={(event) => onChange({ ...filter, language: event.currentTarget.value })}
      >
        <option value="">{t('runs.allLanguages')}</option>
        {languages.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </SelectField>
    </search>
  )
}
