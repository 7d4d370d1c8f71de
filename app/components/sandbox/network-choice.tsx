'use client'

import { useId } from 'react'
import { useTranslations } from 'use-intl'
import { type NetworkPolicy, networkPolicy } from '../../lib/protocol'
import { explain, TextError } from '../../lib/text-error'
import { Choice } from '../ui/choice'

/** What is being chosen: the names of an allowlist are perhaps no names yet. */
export interface NetworkDraft {
  readonly mode: 'internet' | 'allow' | 'none'
  readonly names: string
}

export function networkDraft(policy: NetworkPolicy): NetworkDraft {
  return typeof policy === 'string'
    ? { mode: policy, names: '' }
    : { mode: 'allow', names: policy.allow.join('\n') }
}

/** The policy that a draft stands for, or what is wrong with it. */
export function parseNetwork({ mode, names }: NetworkDraft): NetworkPolicy | { readonly error: TextError } {
  if (mode !== 'allow') return mode
  const allow = names.split(/[\s,]+/).filter(Boolean)
  if (allow.length === 0) return { error: new TextError('sandbox.noHostNames') }
  const parsed = networkPolicy.safeParse({ allow })
  if (parsed.success) return parsed.data
  const wrong = allow.find((name) => !networkPolicy.safeParse({ allow: [name] }).success)
  return {
    error: wrong
      ? new TextError('sandbox.noHostName', { name: wrong })
      : new TextError('sandbox.tooManyHostNames'),
  }
}

export function NetworkChoice({
  draft,
  onChange,
  without,
}: {
  draft: NetworkDraft
  onChange: (draft: NetworkDraft) => void
  /** What is not to be chosen. */
  without?: 'internet'
}) {
  const t = useTranslations()
  const id = useId()
  const policy = parseNetwork(draft)
  const error =
    draft.names.trim() && typeof policy === 'object' && 'error' in policy ? policy.error : undefined
  return (
    <div className="grid gap-3">
      <Choice
        label={t('sandbox.network')}
        value={draft.mode}
        onChange={(mode) => onChange({ ...draft, mode })}
        options={[
          { value: 'internet' as const, title: t('sandbox.internet'), text: t('sandbox.internetText') },
          { value: 'allow' as const, title: t('sandbox.allowlist'), text: t('sandbox.allowlistText') },
          { value: 'none' as const, title: t('sandbox.none'), text: t('sandbox.noneText') },
        ].filter(({ value }) => value !== without)}
        className="grid-cols-2 sm:grid-cols-3"
      />
      {draft.mode === 'allow' && (
        <div className="grid gap-1">
          <label htmlFor={id} className="font-medium">
            {t('sandbox.hostNames')}
          </label>
          <textarea
            id={id}
            rows={3}
            value={draft.names}
            onChange={(event) => onChange({ ...draft, names: event.currentTarget.value })}
            placeholder="deb.example.org"
            spellCheck={false}
            aria-invalid={error ? true : undefined}
            aria-describedby={`${id}-more`}
            className="w-full rounded-md border border-edge bg-surface p-2 font-mono text-xs placeholder:text-muted aria-invalid:border-bad"
          />
          <p id={`${id}-more`} className={error ? 'text-bad text-xs' : 'text-muted text-xs'}>
            {error ? explain(error, t) : t('sandbox.blocked')}
          </p>
        </div>
      )}
    </div>
  )
}
