import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { AssignmentState } from '../../lib/protocol-assignments'

const looks: Record<AssignmentState, { dot: string; text: string }> = {
  draft: { dot: 'border-[1.5px] border-edge', text: 'text-muted' },
  scheduled: { dot: 'border-[1.5px] border-accent', text: 'text-muted' },
  open: { dot: 'bg-accent', text: 'text-accent' },
  late: { dot: 'bg-warn', text: 'text-warn' },
  closed: { dot: 'bg-edge', text: 'text-muted' },
}

/** How an assignment stands for whoever looks. */
export function AssignmentBadge({ state }: { state: AssignmentState }) {
  const t = useTranslations()
  const { dot, text } = looks[state]
  return (
    <span
      className={cn('inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap font-medium text-xs', text)}
    >
      <span aria-hidden className={cn('size-2 rounded-full', dot)} />
      {t(`assignments.states.${state}`)}
    </span>
  )
}
