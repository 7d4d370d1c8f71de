import { cn } from '../../lib/cn'
import type { Sandbox, SandboxState } from '../../lib/protocol'

const looks: Record<SandboxState, { name: string; dot: string; text: string }> = {
  creating: { name: 'Creating', dot: 'bg-accent animate-glow', text: 'text-muted' },
  running: { name: 'Running', dot: 'bg-accent', text: 'text-accent' },
  paused: { name: 'Paused', dot: 'bg-warn', text: 'text-warn' },
  stopped: { name: 'Stopped', dot: 'border-[1.5px] border-edge', text: 'text-muted' },
  deleted: { name: 'Deleted', dot: 'border-[1.5px] border-edge', text: 'text-muted' },
  failed: { name: 'Failed', dot: 'bg-bad', text: 'text-bad' },
  unreachable: { name: 'Unreachable', dot: 'border-[1.5px] border-warn', text: 'text-warn' },
}

/** It was idle, and wakes when it is used. */
const asleepLook = { name: 'Asleep', dot: 'border-[1.5px] border-edge', text: 'text-muted' }

export function StateBadge({
  of: { state, asleep },
  live = false,
}: {
  of: Pick<Sandbox, 'state' | 'asleep'>
  live?: boolean
}) {
  const { name, dot, text } = asleep ? asleepLook : looks[state]
  return (
    <span
      role={live ? 'status' : undefined}
      className={cn('inline-flex shrink-0 items-center gap-1.5 font-medium text-xs', text)}
    >
      <span aria-hidden className={cn('size-2 rounded-full', dot)} />
      {name}
    </span>
  )
}
