'use client'

import { useId } from 'react'
import { type NetworkPolicy, networkPolicy } from '../../lib/protocol'
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
export function parseNetwork({ mode, names }: NetworkDraft): NetworkPolicy | { readonly error: string } {
  if (mode !== 'allow') return mode
  const allow = names.split(/[\s,]+/).filter(Boolean)
  if (allow.length === 0) return { error: 'List at least one host name.' }
  const parsed = networkPolicy.safeParse({ allow })
  if (parsed.success) return parsed.data
  const wrong = allow.find((name) => !networkPolicy.safeParse({ allow: [name] }).success)
  return {
    error: wrong
      ? `${wrong} is not a host name. List full host names; addresses and wildcards are not supported.`
      : 'Too many host names.',
  }
}

const options = [
  { value: 'internet', title: 'Internet', text: 'Public addresses only' },
  { value: 'allow', title: 'Allowlist', text: 'Only hosts you list' },
  { value: 'none', title: 'None', text: 'No network access' },
] as const

export function NetworkChoice({
  draft,
  onChange,
}: {
  draft: NetworkDraft
  onChange: (draft: NetworkDraft) => void
}) {
  const id = useId()
  const policy = parseNetwork(draft)
  const error =
    draft.names.trim() && typeof policy === 'object' && 'error' in policy ? policy.error : undefined
  return (
    <div className="grid gap-3">
      <Choice
        label="Network"
        value={draft.mode}
        onChange={(mode) => onChange({ ...draft, mode })}
        options={options}
        className="grid-cols-2 sm:grid-cols-3"
      />
      {draft.mode === 'allow' && (
        <div className="grid gap-1">
          <label htmlFor={id} className="font-medium">
            Host names, one per line
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
            {error ?? 'All other hosts and addresses are blocked.'}
          </p>
        </div>
      )}
    </div>
  )
}
