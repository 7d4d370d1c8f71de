'use client'

import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { KeyLimits } from '../../lib/protocol-keys'
import { text } from '../../lib/use-submit'
import { NetworkChoice, type NetworkDraft, networkDraft, parseNetwork } from '../sandbox/network-choice'
import { Field } from '../ui/field'

const numbers = ['sandboxes', 'minutes', 'cpus', 'memoryMiB', 'diskMiB'] as const
const switches = ['ownOnly', 'readOnly'] as const

/** What the API calls a field of the form. */
const limitOf = { minutes: 'ttlSeconds' } as const
const stepOf: Partial<Readonly<Record<(typeof numbers)[number], number>>> = { cpus: 0.05 }
const leastOf: Partial<Readonly<Record<(typeof numbers)[number], number>>> = {
  ...{ cpus: 0.05, memoryMiB: 16, diskMiB: 16 },
}

/** The network of the limits, which is no field of the form. */
export function useNetworkLimit() {
  return useState<NetworkDraft>(networkDraft('internet'))
}

/** What bounds a key or whatever is like one. A field that is empty bounds nothing. */
export function LimitFields({
  network,
  onNetwork,
  fieldError,
  open = false,
}: {
  network: NetworkDraft
  onNetwork: (network: NetworkDraft) => void
  fieldError: (path: string) => string | undefined
  /** Shown from the beginning. */
  open?: boolean
}) {
  const t = useTranslations()
  const errorOf = (name: (typeof numbers)[number]) =>
    fieldError(`limits.${name === 'minutes' ? limitOf.minutes : name}`)
  return (
    <details className="group" open={open}>
      <summary className="flex w-fit items-center gap-1.5 rounded font-medium [&>svg]:size-4">
        <ChevronRight aria-hidden className="text-muted transition-transform group-open:rotate-90" />
        {t('keys.limits.title')}
      </summary>
      <div className="mt-3 grid gap-4">
        <p className="text-muted text-xs">{t('keys.limits.text')}</p>
        {switches.map((name) => (
          <label key={name} className="flex items-start gap-2">
            <input type="checkbox" name={name} className="mt-0.5 size-4" />
            <span>
              {t(`keys.limits.${name}`)}
              <span className="block text-muted text-xs">{t(`keys.limits.${name}Hint`)}</span>
            </span>
          </label>
        ))}
        <Field
          label={t('keys.limits.templates')}
          name="templates"
          maxLength={2000}
          placeholder="base, code"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          hint={t('keys.limits.templatesHint')}
          error={fieldError('limits.templates') ?? fieldError('limits.templates.0')}
        />
        <div className="grid grid-cols-[repeat(auto-fill,minmax(10rem,1fr))] gap-3">
          {numbers.map((name) => (
            <Field
              key={name}
              label={t(`keys.limits.${name}`)}
              name={name}
              type="number"
              inputMode="decimal"
              min={leastOf[name] ?? 1}
              step={stepOf[name] ?? 1}
              error={errorOf(name)}
            />
          ))}
        </div>
        <NetworkChoice draft={network} onChange={onNetwork} />
      </div>
    </details>
  )
}

/**
 * What a form with `LimitFields` says; undefined when it bounds nothing.
 * @throws TextError for a host name that is none
 */
export function limitsFrom(form: FormData, draft: NetworkDraft): KeyLimits | undefined {
  const limits: KeyLimits = {}
  for (const name of switches) if (form.get(name) !== null) limits[name] = true
  const templates = text(form, 'templates')
    .split(/[\s,]+/)
    .filter(Boolean)
  if (templates.length > 0) limits.templates = templates
  for (const name of numbers) {
    const typed = text(form, name).trim()
    if (typed === '') continue
    if (name === 'minutes') limits.ttlSeconds = Math.round(Number(typed) * 60)
    else limits[name] = Number(typed)
  }
  const network = parseNetwork(draft)
  if (typeof network === 'object' && 'error' in network) throw network.error
  if (network !== 'internet') limits.network = network
  return Object.keys(limits).length === 0 ? undefined : limits
}
