'use client'

import { useTranslations } from 'use-intl'
import { StudentQuotaForm } from '../../components/student-quota'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { quotaStatus } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useMay } from '../../lib/session'

/** What one student of the tenant may have where their class says nothing else. */
export function TenantStudentQuota() {
  const t = useTranslations()
  const owns = useMay('owner')
  const { data, error, mutate } = useResource('/quota', quotaStatus)
  if (data?.students === null) return null
  return (
    <Panel title={t('studentQuota.title')}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data?.students && (
        <StudentQuotaForm path="/tenant" of={data.students} fixed={!owns} onChange={() => mutate()} />
      )}
    </Panel>
  )
}
