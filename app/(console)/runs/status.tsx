import { CircleCheck, CircleSlash, CircleX, Clock, LoaderCircle, type LucideIcon } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { RunState, StepStatus } from '../../lib/protocol-runs'
import type { Catalogue } from '../../messages/texts'

type Texts = Catalogue['runs']

interface Look {
  readonly text: `runs.states.${keyof Texts['states']}` | `runs.statuses.${keyof Texts['statuses']}`
  readonly icon: LucideIcon
  readonly className: string
}

function lookOf(state: RunState, status: StepStatus | null): Look {
  if (state === 'queued') return { text: 'runs.states.queued', icon: Clock, className: 'text-muted' }
  if (state === 'canceled') {
    return { text: 'runs.states.canceled', icon: CircleSlash, className: 'text-muted' }
  }
  if (status === null) {
    return {
      text: 'runs.states.running',
      icon: LoaderCircle,
      className: 'text-muted [&>svg]:animate-spin',
    }
  }
  const text = `runs.statuses.${status}` as const
  if (status === 'ok') return { text, icon: CircleCheck, className: 'text-accent' }
  return { text, icon: CircleX, className: 'text-bad' }
}

/** How a run, a step or a case stands, by sign, word and colour. `live` tells screen readers when it changes. */
export function RunBadge({
  state,
  status,
  live = false,
}: {
  state: RunState
  status: StepStatus | null
  live?: boolean
}) {
  const t = useTranslations()
  const { text, icon: Icon, className } = lookOf(state, status)
  return (
    <span
      role={live ? 'status' : undefined}
      className={cn(
        'inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap align-middle font-medium text-xs [&>svg]:size-4',
        className,
      )}
    >
      <Icon aria-hidden />
      {t(text)}
    </span>
  )
}
