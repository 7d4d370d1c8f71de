import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import type { quotaStatus } from '../../lib/protocol'
import { useLimits } from '../../lib/use-limits'

/** What the tenant has left, in one quiet line. */
export function QuotaLeft({ status }: { status: z.infer<typeof quotaStatus> | undefined }) {
  const t = useTranslations()
  const { amount } = useLimits()
  if (!status) return <span className="flex-1" />
  const left = (bound: 'sandboxes' | 'cpus' | 'memoryMiB' | 'diskMiB') =>
    amount(bound, Math.max(0, status.limits[bound] - status.used[bound]))
  return (
    <p className="tabular min-w-0 flex-1 basis-52 text-muted text-xs">
      {t('sandbox.quotaLeft', {
        sandboxes: left('sandboxes'),
        cpus: left('cpus'),
        memory: left('memoryMiB'),
        disk: left('diskMiB'),
      })}
    </p>
  )
}
