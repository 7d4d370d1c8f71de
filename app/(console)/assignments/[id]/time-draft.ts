import type { Assignment, ChangeAssignment } from '../../../lib/protocol-assignments'

/** What happens with what is handed in after the due time. */
export const lateChoices = ['closed', 'until', 'always'] as const
export type LateChoice = (typeof lateChoices)[number]

/** Times while they are edited: by the clocks of the class, as `<input type="datetime-local">` has them; '' for none. */
export interface TimeDraft {
  readonly opens: string
  readonly due: string
  readonly late: LateChoice
  readonly until: string
  readonly percent: string
}

export function timeDraftOf({
  opensAt,
  dueAt,
  late,
}: Pick<Assignment, 'opensAt' | 'dueAt' | 'late'>): TimeDraft {
  return {
    opens: opensAt?.local ?? '',
    due: dueAt?.local ?? '',
    late: late === null ? 'closed' : late.until === null ? 'always' : 'until',
    until: late?.until?.local ?? '',
    percent: String(late?.percentPerDay ?? 0),
  }
}

/**
 * What has changed, as the API takes it. A time that was given with an offset stays as it was given, unless it is changed here.
 *
 * @param before the draft of what is stored
 */
export function timeChange(draft: TimeDraft, before: TimeDraft): ChangeAssignment {
  const late = lateOf(draft)
  const isLateChanged = JSON.stringify(late) !== JSON.stringify(lateOf(before))
  return {
    ...(draft.opens === before.opens ? {} : { opensAt: draft.opens || null }),
    ...(draft.due === before.due ? {} : { dueAt: draft.due || null }),
    ...(isLateChanged ? { late } : {}),
  }
}

function lateOf({ due, late, until, percent }: TimeDraft): ChangeAssignment['late'] {
  // What is never due is never late.
  if (late === 'closed' || due === '') return null
  return { until: late === 'until' ? until : null, percentPerDay: Number(percent) }
}

/** The first time that is not later than the one it follows. */
export function wrongOrder({ opens, due, late, until }: TimeDraft): 'due' | 'until' | null {
  if (opens !== '' && due !== '' && due <= opens) return 'due'
  return late === 'until' && due !== '' && until !== '' && until <= due ? 'until' : null
}
