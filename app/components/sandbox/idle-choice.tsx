'use client'

import { useTranslations } from 'use-intl'
import type { IdlePolicy } from '../../lib/protocol'
import { Choice } from '../ui/choice'

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
  label,
  draft,
  onChange,
  disabled = false,
}: {
  label?: string
  draft: IdleDraft
  onChange: (draft: IdleDraft) => void
  disabled?: boolean
}) {
  const t = useTranslations()
  return (
    <Choice
      label={label ?? t('sandbox.idle.label')}
      value={draft}
      onChange={onChange}
      options={draftsFrom(draft).map((value) => ({
        value,
        title: t(`sandbox.idle.${value}`),
        text: t(`sandbox.idle.${value}Text`),
        disabled,
      }))}
      className="sm:grid-cols-3"
    />
  )
}

/** What can be chosen: a policy of another kind can only be kept. */
function draftsFrom(draft: IdleDraft): readonly IdleDraft[] {
  return draft === 'other' ? ['never', 'pause', 'stop', 'other'] : ['never', 'pause', 'stop']
}
