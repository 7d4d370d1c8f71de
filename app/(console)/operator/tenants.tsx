'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Meter } from '../../components/ui/meter'
import { Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { bytes, oneLine } from '../../lib/format'
import { type AdminTenant, adminTenant, type DiskUse, diskKinds } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { useLimits } from '../../lib/use-limits'
import { QuotaDialog } from './quota-dialog'

const tenantList = z.object({ tenants: z.array(adminTenant) })

/** What a tenant has on disks, and of that what nothing else shares. */
const onDisk = (disk: DiskUse) => ({
  bytes: bytes(diskKinds.reduce((sum, kind) => sum + disk[kind].bytes, 0)),
  own: bytes(diskKinds.reduce((sum, kind) => sum + disk[kind].exclusiveBytes, 0)),
})

/** Every tenant of this node, and what it holds of its quota. */
export function Tenants() {
  const t = useTranslations()
  const { date } = useFormat()
  const { bare } = useLimits()
  const { data, error, mutate } = useResource('/admin/tenants', tenantList, { everyMs: 5000 })
  const [editing, setEditing] = useState<AdminTenant | null>(null)
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const pause = ({ id, name, used }: AdminTenant) =>
    setQuestion({
      title: t('operator.pauseTitle', { name: oneLine(name) }),
      text: t('operator.pauseText', { count: used.sandboxes }),
      action: t('operator.pauseTenant'),
      run: async () => {
        await order(`/admin/tenants/${id}/pause`, { method: 'POST' })
        toast.done(t('operator.pausedName', { name: oneLine(name) }))
        await mutate()
      },
    })
  const resume = async ({ id, name }: AdminTenant) => {
    try {
      await order(`/admin/tenants/${id}/resume`, { method: 'POST' })
      toast.done(t('operator.resumedName', { name: oneLine(name) }))
    } catch (failure) {
      toast.failed(failure)
    }
    await mutate()
  }
  return (
    <Panel title={t('operator.tenants')}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data && (
        <Table
          label={t('operator.tenants')}
          head={[
            ...[t('operator.name'), t('operator.members'), t('units.bounds.sandboxes')],
            ...[t('units.bounds.cpus'), t('units.bounds.memoryMiB'), t('units.bounds.diskMiB')],
            ...[t('operator.created'), `·${t('operator.actions')}`],
          ]}
        >
          {data.tenants.map((tenant) => (
            <tr key={tenant.id} className="tabular whitespace-nowrap">
              <td className="max-w-56 truncate font-medium">
                {oneLine(tenant.name)}
                {tenant.paused && (
                  <span className="ml-2 font-normal text-warn text-xs">{t('operator.paused')}</span>
                )}
              </td>
              <td>{tenant.members}</td>
              <td>
                {t('operator.of', {
                  used: String(tenant.used.sandboxes),
                  total: String(tenant.quota.sandboxes),
                })}
              </td>
              {(['cpus', 'memoryMiB', 'diskMiB'] as const).map((bound) => (
                <td key={bound} className="min-w-28">
                  <Meter
                    label={t('operator.measureOf', {
                      measure: t(`units.bounds.${bound}`),
                      name: oneLine(tenant.name),
                    })}
                    share={tenant.quota[bound] > 0 ? tenant.used[bound] / tenant.quota[bound] : 1}
                    text={`${bare(bound, tenant.used[bound])} / ${bare(bound, tenant.quota[bound])}`}
                  />
                  {bound === 'diskMiB' && tenant.disk && (
                    <span className="text-muted text-xs">{t('operator.onDisk', onDisk(tenant.disk))}</span>
                  )}
                </td>
              ))}
              <td className="text-muted">{date(tenant.createdAt)}</td>
              <td className="text-right">
                <Button
                  size="small"
                  look="quiet"
                  onClick={() => (tenant.paused ? void resume(tenant) : pause(tenant))}
                  aria-label={t(tenant.paused ? 'operator.resumeName' : 'operator.pauseName', {
                    name: oneLine(tenant.name),
                  })}
                >
                  {t(tenant.paused ? 'operator.resume' : 'operator.pause')}
                </Button>
                <Button
                  size="small"
                  look="quiet"
                  onClick={() => setEditing(tenant)}
                  aria-label={t('operator.editQuotaOf', { name: oneLine(tenant.name) })}
                >
                  {t('operator.editQuota')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
      <QuotaDialog tenant={editing} onClose={() => setEditing(null)} onChanged={() => void mutate()} />
    </Panel>
  )
}
