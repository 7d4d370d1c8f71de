import { CircleCheck, CircleSlash, CircleX, LoaderCircle, type LucideIcon, Zap } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { BuildStatus } from '../../lib/protocol-builds'

/** How a step stands: one that was under way when the build was canceled is that as well. */
export type StepState = BuildStatus | 'cached'

const looks: Readonly<Record<StepState, { readonly icon: LucideIcon; readonly className: string }>> = {
  running: { icon: LoaderCircle, className: 'text-muted [&>svg]:motion-safe:animate-spin' },
  succeeded: { icon: CircleCheck, className: 'text-accent' },
  cached: { icon: Zap, className: 'text-muted' },
  failed: { icon: CircleX, className: 'text-bad' },
  canceled: { icon: CircleSlash, className: 'text-muted' },
}

/** How a build or a step stands, by sign, word and colour. `live` tells screen readers when it changes. */
export function BuildBadge({
  state,
  live = false,
  className: more,
}: {
  state: StepState
  live?: boolean
  className?: string
}) {
  const t = useTranslations()
  const { icon: Icon, className } = looks[state]
  return (
    <span
      role={live ? 'status' : undefined}
      className={cn(
        'inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap align-middle font-medium text-xs [&>svg]:size-4',
        className,
        more,
      )}
    >
      <Icon aria-hidden />
      {t(`builds.states.${state}`)}
    </span>
  )
}
