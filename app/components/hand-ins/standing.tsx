import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { Grade } from '../../lib/protocol-submissions'
import { useFormat } from '../../lib/use-format'

/** What is known of how somebody is graded. */
export type Graded = Pick<Grade, 'submission' | 'state' | 'points'>

/** In one word. Whoever has points is graded, whatever goes on with the tests. */
export function standingOf({ submission, state, points }: Graded) {
  if (state === 'queued' || state === 'running' || state === 'hidden') return state
  if (points !== null) return 'graded'
  if (submission === null) return 'nothing'
  return state === 'failed' ? 'failed' : 'ungraded'
}

const looks = {
  failed: { dot: 'bg-bad', text: 'text-bad' },
  graded: { dot: 'bg-accent', text: 'text-accent' },
  hidden: { dot: 'bg-edge', text: 'text-muted' },
  nothing: { dot: 'border-[1.5px] border-edge', text: 'text-muted' },
  queued: { dot: 'border-[1.5px] border-accent', text: 'text-muted' },
  running: { dot: 'animate-glow bg-accent', text: 'text-muted' },
  ungraded: { dot: 'border-[1.5px] border-warn', text: 'text-warn' },
} as const

/** Whether somebody has handed in, and whether that is graded. */
export function GradeBadge({ of }: { of: Graded }) {
  const t = useTranslations()
  const standing = standingOf(of)
  const { dot, text } = looks[standing]
  return (
    <span className={cn('inline-flex items-center gap-1.5 font-medium text-xs', text)}>
      <span aria-hidden className={cn('size-2 shrink-0 rounded-full', dot)} />
      {t(`handIns.standings.${standing}`)}
    </span>
  )
}

/** `7.5 / 10`; a dash for no points. */
export function Points({ points, of }: { points: number | null; of: number | null }) {
  const { number } = useFormat()
  if (points === null) return <span className="text-muted">–</span>
  return (
    <span className="tabular whitespace-nowrap">
      {number(points)}
      {of !== null && <span className="text-muted"> / {number(of)}</span>}
    </span>
  )
}
