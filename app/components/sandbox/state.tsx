import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { Sandbox, SandboxState } from '../../lib/protocol'

const looks: Record<SandboxState, { dot: string; text: string }> = {
  creating: { dot: 'bg-accent animate-glow', text: 'text-muted' },
  running: { dot: 'bg-accent', text: 'text-accent' },
  paused: { dot: 'bg-warn', text: 'text-warn' },
  stopped: { dot: 'border-[1.5px] border-edge', text: 'text-muted' },
  deleted: { dot: 'border-[1.5px] border-edge', text: 'text-muted' },
  failed: { dot: 'bg-bad', text: 'text-bad' },
  unreachable: { dot: 'border-[1.5px] border-warn', text: 'text-warn' },
}

/** It was idle, and wakes when it is used. */
const asleepLook = { dot: 'border-[1.5px] border-edge', text: 'text-muted' }

export function StateBadge({
  of: { state, asleep },
  live = false,
}: {
  of: Pick<Sandbox, 'state' | 'asleep'>
  live?: boolean
}) {
  const t = useTranslations()
  const { dot, text } = asleep ? asleepLook : looks[state]
  return (
    <span
      role={live ? 'status' : undefined}
      className={cn('inline-flex shrink-0 items-center gap-1.5 font-medium text-xs', text)}
    >
      <span aria-hidden className={cn('size-2 rounded-full', dot)} />
      {t(`sandbox.state.${asleep ? 'asleep' : state}`)}
    </span>
  )
}
