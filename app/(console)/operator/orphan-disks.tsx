'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import type { Question } from '../../components/ui/confirm'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { bytes } from '../../lib/format'
import { type AdminOrphanDisk, nodeList } from '../../lib/protocol-operator'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'

interface Props {
  readonly disks: readonly AdminOrphanDisk[]
  readonly onAsk: (question: Question) => void
  readonly onChanged: () => void
}

/** Volumes and snapshots that nobody can use: they stay on their nodes until an operator restores or deletes them. */
export function OrphanDisks({ disks, onAsk, onChanged }: Props) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const toast = useToast()
  const { data: registry } = useResource('/admin/nodes', nodeList)
  const nodes = new Map(registry?.nodes.map(({ id, name }) => [id, name]))
  const [restoring, setRestoring] = useState<AdminOrphanDisk | null>(null)
  const askToDelete = ({ id, name }: AdminOrphanDisk) =>
    onAsk({
      title: t('operator.deleteDiskForGood'),
      text: t('operator.deleteForGoodText', { sandbox: name ?? id }),
      action: t('operator.deleteDisk'),
      run: async () => {
        await order(`/admin/quarantine/disks/${id}`, { method: 'DELETE' })
        toast.done(t('operator.diskDeleted'))
        onChanged()
      },
    })
  return (
    <>
      <Table
        label={t('operator.orphanDisks')}
        head={[
          ...[t('operator.orphanDisk'), t('operator.reason'), t('operator.since')],
          ...[t('operator.node'), t('operator.disk'), `·${t('operator.actions')}`],
        ]}
      >
        {disks.map((disk) => (
          <tr key={`${disk.nodeId} ${disk.id}`}>
            <td>
              <span className="block font-medium">{disk.name ?? disk.id}</span>
              <span className="text-muted text-xs">
                {t(kinds[disk.kind])}
                {disk.name !== null && ` · ${disk.id}`}
              </span>
            </td>
            <td className="text-muted">{t(causes[causeOf(disk)])}</td>
            <td className="whitespace-nowrap text-muted">{dateTime(disk.at)}</td>
            <td className="text-muted">{nodes.get(disk.nodeId) ?? disk.nodeId}</td>
            <td className="tabular whitespace-nowrap">
              {disk.diskBytes === null ? t('operator.noDisk') : bytes(disk.diskBytes)}
            </td>
            <td className="whitespace-nowrap text-right">
              {disk.diskBytes !== null && (
                <Button
                  size="small"
                  look="quiet"
                  aria-label={t('operator.restoreName', { name: disk.name ?? disk.id })}
                  onClick={() => setRestoring(disk)}
                >
                  {t('operator.restore')}
                </Button>
              )}
              <Button
                size="small"
                look="quiet"
                aria-label={t('operator.deleteName', { name: disk.name ?? disk.id })}
                onClick={() => askToDelete(disk)}
              >
                {t('operator.delete')}
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      <Dialog
        open={restoring !== null}
        onOpenChange={(open) => !open && setRestoring(null)}
        title={t('operator.restoreDisk')}
        description={t('operator.restoreDiskText')}
      >
        {restoring && <RestoreForm disk={restoring} onClose={() => setRestoring(null)} onDone={onChanged} />}
      </Dialog>
    </>
  )
}

const kinds = {
  volume: 'operator.kindVolume',
  volume_snapshot: 'operator.kindVolumeSnapshot',
  snapshot: 'operator.kindSnapshot',
} as const

const causes = {
  unknown_to_database: 'operator.causeUnknown',
  missing_record: 'operator.causeMissing',
  newer_record: 'operator.causeNewer',
  unreadable_record: 'operator.causeUnreadable',
} as const

function causeOf({ cause }: AdminOrphanDisk) {
  if (cause === 'unknown_to_database' || cause === 'missing_record' || cause === 'newer_record') return cause
  return 'unreadable_record'
}

function RestoreForm(props: {
  readonly disk: AdminOrphanDisk
  readonly onClose: () => void
  readonly onDone: () => void
}) {
  const { disk, onClose, onDone } = props
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const given = { tenantId: text(form, 'tenantId'), template: text(form, 'template') }
    const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
    await order(`/admin/quarantine/disks/${disk.id}/restore`, { method: 'POST', body })
    toast.done(t('operator.diskRestored'))
    onDone()
    onClose()
  })
  const isKnown = disk.name !== null
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {isKnown ? (
          <p className="text-muted">{t('operator.restoreKnown', { name: disk.name ?? '' })}</p>
        ) : (
          <Field
            label={t('operator.tenantId')}
            name="tenantId"
            defaultValue={disk.tenantId ?? ''}
            required
            hint={t('operator.restoreTenantHint')}
            error={fieldError('tenantId')}
          />
        )}
        {!isKnown && disk.kind === 'snapshot' && disk.template === null && (
          <Field
            label={t('operator.template')}
            name="template"
            required
            hint={t('operator.restoreTemplateHint')}
            error={fieldError('template')}
          />
        )}
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('operator.restoreDisk')}
        </Button>
      </DialogFooter>
    </form>
  )
}
