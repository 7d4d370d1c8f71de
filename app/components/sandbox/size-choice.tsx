'use client'

import { cpus, mebibytes } from '../../lib/format'
import { boundNames, type SizeName, sizeNames, sizeTitles } from '../../lib/limits'
import { type Limits, limits, sizes } from '../../lib/protocol'
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

const units: Record<Part, string> = {
  cpus: 'CPU cores, for example 0.5.',
  memoryMiB: 'MiB, including page cache.',
  diskMiB: 'MiB, not counting the template.',
  pids: 'Processes and threads.',
}

export function SizeChoice({
  draft,
  onChange,
  fieldError,
}: {
  draft: SizeDraft
  onChange: (draft: SizeDraft) => void
  fieldError: (path: string) => string | undefined
}) {
  const choose = (size: SizeDraft['size']) =>
    onChange({ ...draft, size, custom: asText(sizeLimits(draft) ?? draft.given) })
  const options = [
    ...(named(draft.given) ? [] : [card('given', draft.givenTitle, draft.given)]),
    ...sizeNames.map((name) => card(name, sizeTitles[name], sizes[name])),
    { value: 'custom' as const, title: 'Custom', text: 'Custom limits' },
  ]
  return (
    <div className="grid gap-3">
      <Choice
        label="Size"
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
              label={boundNames[part]}
              hint={units[part]}
              inputMode="decimal"
              value={draft.custom[part]}
              onChange={(event) =>
                onChange({ ...draft, custom: { ...draft.custom, [part]: event.currentTarget.value } })
              }
              error={fieldError(`limits.${part}`) ?? wrong(part, draft.custom[part])}
            />
          ))}
        </div>
      )}
    </div>
  )
}

function card<T extends string>(value: T, title: string, limits: Limits) {
  return {
    value,
    title,
    text: (
      <>
        {cpus(limits.cpus)}
        <br />
        {mebibytes(limits.memoryMiB)} memory
        <br />
        {mebibytes(limits.diskMiB)} disk
      </>
    ),
  }
}

function wrong(part: Part, typed: string): string | undefined {
  const parsed = limits.shape[part].safeParse(typed.trim() === '' ? Number.NaN : Number(typed))
  return parsed.success ? undefined : 'Not a valid limit.'
}
