import { CircleAlert, CircleCheck, CircleSlash, CircleX, LoaderCircle, type LucideIcon } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { Stack, StackService } from '../../lib/protocol-stacks'

type State = Stack['state'] | StackService['state']

const busy = { icon: LoaderCircle, className: 'text-muted [&>svg]:motion-safe:animate-spin' }
const well = { icon: CircleCheck, className: 'text-accent' }
const ill = { icon: CircleX, className: 'text-bad' }
const still = { icon: CircleSlash, className: 'text-muted' }
const looks: Readonly<Record<State, { readonly icon: LucideIcon; readonly className: string }>> = {
  ...{ starting: busy, stopping: busy, deleting: busy, waiting: busy, restarting: busy },
  ...{ running: well, healthy: well, unhealthy: ill, failed: ill, unreachable: ill },
  ...{ stopped: still, paused: still, exited: still },
  degraded: { icon: CircleAlert, className: 'text-bad' },
}

/** How a stack or a service is, by sign, word and colour. */
export function StateBadge({ state, exitCode = null }: { state: State; exitCode?: number | null }) {
  const t = useTranslations()
  const failed = state === 'exited' && exitCode !== 0
  const { icon: Icon, className } = failed ? ill : looks[state]
  return (
    <span
      className={cn(
        'inline-flex items-center gap-1.5 whitespace-nowrap font-medium text-xs [&>svg]:size-4',
        className,
      )}
    >
      <Icon aria-hidden />
      {state === 'exited' ? t('stacks.exited', { code: String(exitCode) }) : t(`stacks.states.${state}`)}
    </span>
  )
}
