import { CircleCheck, CircleSlash, CircleX, Clock, LoaderCircle, type LucideIcon } from 'lucide-react'
import { cn } from '../../lib/cn'
import type { RunState, StepStatus } from '../../lib/protocol'

export const statusNames: Record<StepStatus, string> = {
  ok: 'OK',
  wrong_answer: 'Wrong answer',
  runtime_error: 'Runtime error',
  signaled: 'Terminated by signal',
  time_limit: 'Time limit exceeded',
  cpu_limit: 'CPU limit exceeded',
  memory_limit: 'Memory limit exceeded',
  output_limit: 'Output limit exceeded',
  disk_limit: 'Disk limit exceeded',
  process_limit: 'Process limit exceeded',
  compile_error: 'Compile error',
  internal_error: 'Internal error',
}

interface Look {
  readonly name: string
  readonly icon: LucideIcon
  readonly className: string
}

function lookOf(state: RunState, status: StepStatus | null): Look {
  if (state === 'queued') return { name: 'Queued', icon: Clock, className: 'text-muted' }
  if (state === 'canceled') return { name: 'Canceled', icon: CircleSlash, className: 'text-muted' }
  if (status === null) {
    return { name: 'Running', icon: LoaderCircle, className: 'text-muted [&>svg]:animate-spin' }
  }
  const name = statusNames[status]
  if (status === 'ok') return { name, icon: CircleCheck, className: 'text-accent' }
  return { name, icon: CircleX, className: 'text-bad' }
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
  const { name, icon: Icon, className } = lookOf(state, status)
  return (
    <span
      role={live ? 'status' : undefined}
      className={cn(
        'inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap align-middle font-medium text-xs [&>svg]:size-4',
        className,
      )}
    >
      <Icon aria-hidden />
      {name}
    </span>
  )
}
