'use client'

import { Plus, Trash2 } from 'lucide-react'
import { useRef } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { AreaField, Field, SelectField } from '../../components/ui/field'
import { compareMode } from '../../lib/protocol-runs'
import { type CaseDraft, emptyCase } from './draft'

/** Inputs that the program runs with one after the other, and what it should print. */
export function CasesEditor({
  cases,
  onChange,
  error,
}: {
  cases: readonly CaseDraft[]
  onChange: (cases: readonly CaseDraft[]) => void
  error: (path: string) => string | undefined
}) {
  const t = useTranslations()
  const add = useRef<HTMLButtonElement>(null)
  const change = (at: number, part: Partial<CaseDraft>) =>
    onChange(cases.map((one, index) => (index === at ? { ...one, ...part } : one)))
  return (
    <div className="grid gap-3">
      {cases.length > 0 && (
        <ol className="grid gap-3">
          {cases.map((one, at) => (
            <li key={one.key}>
              <fieldset className="grid min-w-0 gap-2 rounded-md border border-line p-3">
                <legend className="sr-only">{t('runs.caseNumber', { number: String(at + 1) })}</legend>
                <div className="flex items-end gap-2">
                  <div className="min-w-0 flex-1">
                    <Field
                      label={t('runs.caseNumber', { number: String(at + 1) })}
                      placeholder={t('runs.nameShort')}
                      maxLength={128}
                      value={one.name}
                      error={error(`cases.${at}.name`)}
                      onChange={(event) => change(at, { name: event.currentTarget.value })}
                    />
                  </div>
                  <Button
                    look="quiet"
                    size="icon"
                    aria-label={t('runs.removeCase', { number: String(at + 1) })}
                    onClick={() => {
                      onChange(cases.filter((_, index) => index !== at))
                      // The button that had the focus is gone.
                      add.current?.focus()
                    }}
                  >
                    <Trash2 aria-hidden />
                  </Button>
                </div>
                <div className="grid grid-cols-2 gap-2">
                  <AreaField
                    label={t('runs.input')}
                    rows={3}
                    value={one.stdin}
                    onChange={(event) => change(at, { stdin: event.currentTarget.value })}
                  />
                  <AreaField
                    label={t('runs.expected')}
                    rows={3}
                    value={one.expected}
                    onChange={(event) => change(at, { expected: event.currentTarget.value })}
                  />
                </div>
                <SelectField
                  bare
                  label={t('runs.comparisonFor', { number: String(at + 1) })}
                  value={one.compare}
                  onChange={(event) =>
                    change(at, { compare: compareMode.catch('trimmed').parse(event.currentTarget.value) })
                  }
                >
                  {compareMode.options.map((mode) => (
                    <option key={mode} value={mode}>
                      {t(`runs.compare.${mode}`)}
                    </option>
                  ))}
                </SelectField>
              </fieldset>
            </li>
          ))}
        </ol>
      )}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button ref={add} onClick={() => onChange([...cases, emptyCase()])}>
          <Plus aria-hidden />
          {t('runs.addCase')}
        </Button>
        <p className="text-muted text-xs">
          {t(cases.length === 0 ? 'runs.addCases' : 'runs.withoutExpected')}
        </p>
      </div>
    </div>
  )
}
