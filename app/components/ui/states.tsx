'use client'

import { CloudOff, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, Unreachable } from '../../lib/api'
import { cn } from '../../lib/cn'
import { connection, retryNow } from '../../lib/connection'
import { isTemporary } from '../../lib/data'
import { useExplain } from '../../lib/use-explain'
import { useStore } from '../../terminal/use-store'
import { Button } from './button'
import { Countdown } from './countdown'

/** Nothing here yet: says what would be here, and offers the first step. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: LucideIcon
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="grid justify-items-center gap-3 px-6 py-14 text-center">
      <div className="grid size-11 place-items-center rounded-full bg-accent-soft text-accent">
        <Icon aria-hidden className="size-5" />
      </div>
      <div className="grid max-w-sm gap-1">
        <h2 className="font-semibold text-base">{title}</h2>
        {children && <p className="text-balance text-muted">{children}</p>}
      </div>
      {action}
    </div>
  )
}

/** It could not be read: says why, and offers to try again. */
export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  const t = useTranslations()
  const explain = useExplain()
  const refused = error instanceof ApiError && error.status === 403
  return (
    <div role="alert" className="grid justify-items-center gap-3 px-6 py-14 text-center">
      <div className="grid size-11 place-items-center rounded-full bg-bad-soft text-bad">
        <CloudOff aria-hidden className="size-5" />
      </div>
      <div className="grid max-w-sm gap-1">
        <h2 className="font-semibold text-base">{t(refused ? 'common.notForRole' : 'common.loadFailed')}</h2>
        <p className="text-balance text-muted">{explain(error)}</p>
        <Retrying error={error} />
      </div>
      {!refused && (
        <Button
          onClick={() => {
            retryNow()
            retry()
          }}
        >
          {t('common.tryAgain')}
        </Button>
      )}
    </div>
  )
}

/** Says that it is tried again by itself, where it is. */
function Retrying({ error }: { error: unknown }) {
  const t = useTranslations()
  const status = useStore(connection)
  if (error instanceof Unreachable && status.kind === 'down') {
    return <Countdown what="retrying" untilMs={status.retryAtMs} />
  }
  return isTemporary(error) && <p className="text-muted">{t('common.retryingByItself')}</p>
}

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('animate-glow rounded-md bg-hover', className)} />
}

/** The shape of a list that is on its way. */
export function SkeletonRows({ rows = 4, className = 'h-14' }: { rows?: number; className?: string }) {
  const t = useTranslations()
  return (
    <div role="status" className="grid gap-px">
      <span className="sr-only">{t('common.loading')}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <div key={row} className={cn('flex items-center px-4', className)}>
          <Skeleton className="h-5 w-full" />
        </div>
      ))}
    </div>
  )
}
