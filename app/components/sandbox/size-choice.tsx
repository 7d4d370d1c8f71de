'use client'

import { useTranslations } from 'use-intl'
import { mebibytes } from '../../lib/format'
import { type SizeName, sizeNames } from '../../lib/limits'
import { type Limits, limits, sizes } from '../../lib/protocol'
import { useFormat } from '../../lib/use-format'
import { Choice } from '../ui/choice'
import { Field } from '../ui/field'

const parts = ['cpus', 'memoryMiB', 'diskMiB', 'pids'] as const satisfies readonly (keyof Limits)[]
type Part = (typeof parts)[number]

/** What is being chosen: a size by name, the limits it began with, or numbers that are perhaps no numbers yet. */
export interface SizeDraft {
  readonly size: SizeName | 'given' | 'custom'
  /** The limits that it begins with: the template's, or those of now. */
  readonly given: Limits
  readonly givenTitle: string
  readonly custom: Record<Part, string>
}

/** Begins with limits that are given, by the name of their size if they have one. */
export function initialSize(given: Limits, givenTitle: string): SizeDraft {
  return { size: named(given) ?? 'given', given, givenTitle, custom: asText(given) }
}

function named(values: Limits): SizeName | undefined {
  return sizeNames.find((name) => parts.every((part) => sizes[name][part] === values[part]))
}

function asText(values: Limits): SizeDraft['custom'] {
  return {
    cpus: String(values.cpus),
    memoryMiB: String(values.memoryMiB),
    diskMiB: String(values.diskMiB),
    pids: String(values.pids),
  }
}

/** The limits that a draft stands for; null while a number is not one. */
export function sizeLimits({ size, given, custom }: SizeDraft): Limits | null {
  if (size === 'given') return given
  if (size !== 'custom') return sizes[size]
  const parsed = limits.safeParse({
    cpus: Number(custom.cpus),
    memoryMiB: Number(custom.memoryMiB),
    diskMiB: Number(custom.diskMiB),
    pids: Number(custom.pids),
  })
  return parsed.success ? parsed.data : null
}

const hints = {
  cpus: 'sandbox.cpuHint',
  memoryMiB: 'sandbox.memoryHint',
  diskMiB: 'sandbox.diskHint',
  pids: 'sandbox.processesHint',
} as const satisfies Record<Part, string>

export function SizeChoice({
  draft,
  onChange,
  fieldError,
}: {
  draft: SizeDraft
  onChange: (draft: SizeDraft) => void
  fieldError: (path: string) => string | undefined
}) {
  const t = useTranslations()
  const choose = (size: SizeDraft['size']) =>
    onChange({ ...draft, size, custom: asText(sizeLimits(draft) ?? draft.given) })
  const options = [
    ...(named(draft.given) ? [] : [card('given', draft.givenTitle, draft.given)]),
    ...sizeNames.map((name) => card(name, t(`sandbox.sizes.${name}`), sizes[name])),
    { value: 'custom' as const, title: t('sandbox.custom'), text: t('sandbox.customText') },
  ]
  return (
    <div className="grid gap-3">
      <Choice
        label={t('sandbox.size')}
        value={draft.size}
        onChange={choose}
        options={options}
        className="grid-cols-2 sm:auto-cols-fr sm:grid-flow-col sm:grid-cols-none"
      />
      {draft.size === 'custom' && (
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
          {parts.map((part) => (
            <Field
              key={part}
              label={t(`units.bounds.${part}`)}
              hint={t(hints[part])}
              inputMode="decimal"
              value={draft.custom[part]}
              onChange={(event) =>
                onChange({ ...draft, custom: { ...draft.custom, [part]: event.currentTarget.value } })
              }
              error={
                fieldError(`limits.${part}`) ??
                (isLimit(part, draft.custom[part]) ? undefined : t('sandbox.notALimit'))
              }
            />
          ))}
        </div>
      )}
    </div>
  )
}

function card<T extends string>(value: T, title: string, limits: Limits) {
  return { value, title, text: <LimitLines limits={limits} /> }
}

function LimitLines({ limits }: { limits: Limits }) {
  const t = useTranslations()
  const { cpus } = useFormat()
  return (
    <>
      {cpus(limits.cpus)}
      <br />
      {t('sandbox.memoryAmount', { amount: mebibytes(limits.memoryMiB) })}
      <br />
      {t('sandbox.diskAmount', { amount: mebibytes(limits.diskMiB) })}
    </>
  )
}

function isLimit(part: Part, typed: string): boolean {
  return limits.shape[part].safeParse(typed.trim() === '' ? Number.NaN : Number(typed)).success
}
