import type { z } from 'zod'
import { amount } from '../../lib/limits'
import type { quotaStatus } from '../../lib/protocol'

/** What the tenant has left, in one quiet line. */
export function QuotaLeft({ status }: { status: z.infer<typeof quotaStatus> | undefined }) {
  if (!status) return <span className="flex-1" />
  const left = (bound: 'sandboxes' | 'cpus' | 'memoryMiB' | 'diskMiB') =>
    amount(bound, Math.max(0, status.limits[bound] - status.used[bound]))
  return (
    <p className="tabular min-w-0 flex-1 basis-52 text-muted text-xs">
      Quota remaining: {left('sandboxes')}, {left('cpus')}, {left('memoryMiB')} memory, {left('diskMiB')} disk
    </p>
  )
}
