'use client'

import { useState } from 'react'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Meter } from '../../components/ui/meter'
import { Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { count, date, oneLine } from '../../lib/format'
import { bare } from '../../lib/limits'
import { type AdminTenant, adminTenant } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { QuotaDialog } from './quota-dialog'

const tenantList = z.object({ tenants: z.array(adminTenant) })

/** Every tenant of this node, and what it holds of its quota. */
export function Tenants() {
  const { data, error, mutate } = useResource('/admin/tenants', tenantList, { everyMs: 5000 })
  const [editing, setEditing] = useState<AdminTenant | null>(null)
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const pause = ({ id, name, used }: AdminTenant) =>
    setQuestion({
      title: `Pause tenant ${oneLine(name)}?`,
      text: `Every process in its ${count(used.sandboxes, 'sandbox', 'sandboxes')} is frozen, and its members cannot create sandboxes or runs until you resume the tenant. Nothing is deleted.`,
      action: 'Pause tenant',
      run: async () => {
        await order(`/admin/tenants/${id}/pause`, { method: 'POST' })
        toast.done(`Paused ${oneLine(name)}.`)
        await mutate()
      },
    })
  const resume = async ({ id, name }: AdminTenant) => {
    try {
      await order(`/admin/tenants/${id}/resume`, { method: 'POST' })
      toast.done(`Resumed ${oneLine(name)}.`)
    } catch (failure) {
      toast.failed(failure)
    }
    await mutate()
  }
  return (
    <Panel title="Tenants">
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data && (
        <Table
          label="Tenants"
          head={['Name', 'Members', 'Sandboxes', 'CPUs', 'Memory', 'Disk', 'Created', '·Actions']}
        >
          {data.tenants.map((tenant) => (
            <tr key={tenant.id} className="tabular whitespace-nowrap">
              <td className="max-w-56 truncate font-medium">
                {oneLine(tenant.name)}
                {tenant.paused && <span className="ml-2 font-normal text-warn text-xs">Paused</span>}
              </td>
              <td>{tenant.members}</td>
              <td>
                {tenant.used.sandboxes} of {tenant.quota.sandboxes}
              </td>
              {(['cpus', 'memoryMiB', 'diskMiB'] as const).map((bound) => (
                <td key={bound} className="min-w-28">
                  <Meter
                    label={`${bound === 'cpus' ? 'CPUs' : bound === 'memoryMiB' ? 'Memory' : 'Disk'} of ${oneLine(tenant.name)}`}
                    share={tenant.quota[bound] > 0 ? tenant.used[bound] / tenant.quota[bound] : 1}
                    text={`${bare(bound, tenant.used[bound])} / ${bare(bound, tenant.quota[bound])}`}
                  />
                </td>
              ))}
              <td className="text-muted">{date(tenant.createdAt)}</td>
              <td className="text-right">
                <Button
                  size="small"
                  look="quiet"
                  onClick={() => (tenant.paused ? void resume(tenant) : pause(tenant))}
                  aria-label={`${tenant.paused ? 'Resume' : 'Pause'} ${oneLine(tenant.name)}`}
                >
                  {tenant.paused ? 'Resume' : 'Pause'}
                </Button>
                <Button
                  size="small"
                  look="quiet"
                  onClick={() => setEditing(tenant)}
                  aria-label={`Edit quota of ${oneLine(tenant.name)}`}
                >
                  Edit quota
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
