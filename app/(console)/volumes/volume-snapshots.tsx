'use client'

import { Plus, Trash2 } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import type { Question } from '../../components/ui/confirm'
import { Panel, Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { bytes, oneLine } from '../../lib/format'
import { type VolumeSnapshot, volume, volumeSnapshotList } from '../../lib/protocol-volumes'
import { useResource } from '../../lib/resource'

/** Snapshots of volumes; nothing while there are none. @param refresh another number when there is one more */
export function VolumeSnapshots({
  refresh,
  onAsk,
  onMade,
}: {
  refresh: number
  onAsk: (question: Question) => void
  onMade: () => void
}) {
  const t = useTranslations()
  const toast = useToast()
  const { data, mutate } = useResource('/volume-snapshots?limit=200', volumeSnapshotList)
  useEffect(() => {
    if (refresh > 0) void mutate()
  }, [refresh, mutate])
  if (!data || data.items.length === 0) return null
  const remove = ({ id, name }: VolumeSnapshot) =>
    onAsk({
      title: t('volumes.askDelete', { name: oneLine(name) }),
      text: t('volumes.askDeleteSnapshotText'),
      action: t('volumes.deleteSnapshot'),
      run: async () => {
        await order(`/volume-snapshots/${id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  const make = ({ id, name }: VolumeSnapshot) =>
    onAsk({
      title: t('volumes.askMake', { name: oneLine(name) }),
      text: t('volumes.askMakeText'),
      action: t('volumes.make'),
      run: async () => {
        const wanted = { name: name.slice(0, 64), from: id }
        const made = await call(volume, '/volumes', { method: 'POST', body: wanted })
        toast.done(t('volumes.created', { name: oneLine(made.name) }))
        onMade()
      },
    })
  return (
    <Panel title={t('volumes.snapshots')}>
      <Table
        label={t('volumes.snapshots')}
        head={[
          t('volumes.name'),
          t('volumes.volume'),
          t('volumes.holds'),
          t('volumes.age'),
          `·${t('volumes.actions')}`,
        ]}
      >
        {data.items.map((one) => (
          <tr key={one.id}>
            <td className="max-w-72 truncate font-medium">{oneLine(one.name)}</td>
            <td className="max-w-60 truncate text-muted">{oneLine(one.volumeName)}</td>
            <td className="tabular whitespace-nowrap">{bytes(one.sizeBytes)}</td>
            <td className="whitespace-nowrap text-muted">
              <Age since={one.createdAt} />
            </td>
            <td className="whitespace-nowrap text-right">
              <Button look="quiet" size="small" onClick={() => make(one)}>
                <Plus aria-hidden />
                {t('volumes.make')}
              </Button>
              <Button
                look="quiet"
                size="iconSmall"
                onClick={() => remove(one)}
                aria-label={t('volumes.deleteName', { name: oneLine(one.name) })}
              >
                <Trash2 />
              </Button>
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  )
}
