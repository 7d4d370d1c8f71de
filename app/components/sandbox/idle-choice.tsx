'use client'

import type { IdlePolicy } from '../../lib/protocol'
import { Choice, type Option } from '../ui/choice'

const [minute, hour] = [60, 3600]
/** What most people want; everything else can be said at the command line and the API. */
const policies = {
  never: null,
  pause: { pauseAfterSeconds: 30 * minute },
  stop: { pauseAfterSeconds: 30 * minute, stopAfterSeconds: 12 * hour },
} as const
export type IdleDraft = keyof typeof policies | 'other'

export function idleDraft(policy: IdlePolicy | null): IdleDraft {
  const { pauseAfterSeconds: pause, stopAfterSeconds: stop } = policy ?? {}
  if (pause === undefined && stop === undefined) return 'never'
  if (pause !== policies.pause.pauseAfterSeconds) return 'other'
  return stop === undefined ? 'pause' : stop === policies.stop.stopAfterSeconds ? 'stop' : 'other'
}

/** @returns undefined to leave it as it is */
export const idlePolicyOf = (draft: IdleDraft): IdlePolicy | null | undefined =>
  draft === 'other' ? undefined : policies[draft]

/** When a sandbox that nothing uses is put to sleep. */
export function IdleChoice({
  label = 'When idle',
  draft,
  onChange,
  disabled = false,
}: {
  label?: string
  draft: IdleDraft
  onChange: (draft: IdleDraft) => void
  disabled?: boolean
}) {
  return (
    <Choice
      label={label}
      value={draft}
      onChange={onChange}
      options={choices(draft).map((one) => ({ ...one, disabled }))}
      className="sm:grid-cols-3"
    />
  )
}

function choices(draft: IdleDraft): readonly Option<IdleDraft>[] {
  const all: Option<IdleDraft>[] = [
    { value: 'never', title: 'Stay awake', text: 'Keeps running.' },
    { value: 'pause', title: 'Pause', text: 'After 30 minutes; wakes when it is used.' },
    { value: 'stop', title: 'Pause, then stop', text: 'After 30 minutes and 12 hours; files are kept.' },
  ]
  return draft === 'other' ? [...all, { value: draft, title: 'As it is', text: 'Set with the API.' }] : all
}
