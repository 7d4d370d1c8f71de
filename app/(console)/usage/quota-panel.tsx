'use client'

import { useTranslations } from 'use-intl'
import { StudentQuotaMeters } from '../../components/student-quota'
import { Meter } from '../../components/ui/meter'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { bounds } from '../../lib/limits'
import { quotaStatus } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useLimits } from '../../lib/use-limits'

/** What the tenant's sandboxes hold of its quota. */
export function QuotaPanel() {
  const t = useTranslations()
  const { bare } = useLimits()
  const { data, error, mutate } = useResource('/quota', quotaStatus, { everyMs: 10_000 })
  return (
    <Panel title={t('usage.quota')}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={1} />)}
      {data?.student && <StudentQuotaMeters limits={data.student.limits} used={data.student.used} />}
      {data && !data.student && (
        <div className="grid grid-cols-2 gap-x-6 gap-y-4 p-4 sm:grid-cols-3 lg:grid-cols-5">
          {bounds.map((bound) => (
            <Meter
              key={bound}
              label={t(`units.bounds.${bound}`)}
              showLabel
              share={data.limits[bound] > 0 ? data.used[bound] / data.limits[bound] : 1}
              text={`${bare(bound, data.used[bound])} / ${bare(bound, data.limits[bound])}`}
            />
          ))}
        </div>
      )}
    </Panel>
  )
}
