'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Notice } from '../../components/ui/notice'
import { Panel, Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { bytes } from '../../lib/format'
import { adminQuarantine, type QuarantineEntry } from '../../lib/protocol-operator'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { OrphanDisks } from './orphan-disks'
import { RestoreDialog } from './restore-dialog'

/** Sandboxes that were set aside with their disks, and disks of nobody: an operator restores or deletes them. Not shown while there are none. */
export function Quarantine() {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const { data, mutate } = useResource('/admin/quarantine', adminQuarantine, { everyMs: 5000 })
  const [question, setQuestion] = useState<Question | null>(null)
  const [restoring, setRestoring] = useState<QuarantineEntry | null>(null)
  const toast = useToast()
  if (!data || data.entries.length + data.unknown.length + data.disks.length === 0) return null
  const askToDelete = ({ id, sandboxId }: QuarantineEntry) =>
    setQuestion({
      title: t('operator.deleteForGood'),
      text: t('operator.deleteForGoodText', { sandbox: sandboxId ?? t('operator.unknownSandbox') }),
      action: t('operator.deleteDisk'),
      run: async () => {
        await order(`/admin/quarantine/${id}`, { method: 'DELETE' })
        toast.done(t('operator.diskDeleted'))
        await mutate()
      },
    })
  const askToSetAside = () =>
    setQuestion({
      title: t('operator.setAsideTitle', { count: String(data.unknown.length) }),
      text: t('operator.setAsideText'),
      action: t('operator.setAside'),
      run: async () => {
        for (const { id } of data.unknown) {
          await order('/admin/quarantine', { method: 'POST', body: { sandboxId: id } })
        }
        await mutate()
      },
    })
  return (
    <Panel title={t('operator.quarantine')}>
      <div className="grid gap-3 p-4">
        <p className="text-muted">{t('operator.quarantineText')}</p>
        {data.unknown.length > 0 && (
          <Notice
            tone="warn"
            action={
              <Button size="small" onClick={askToSetAside}>
                {t('operator.setAside')}
              </Button>
            }
          >
            {t('operator.unknownMore', { count: String(data.unknown.length) })}
          </Notice>
        )}
      </div>
      {data.entries.length > 0 && (
        <Table
          label={t('operator.quarantine')}
          head={[
            ...[t('operator.sandbox'), t('operator.reason'), t('operator.since'), t('operator.disk')],
            `·${t('operator.actions')}`,
          ]}
        >
          {data.entries.map((entry) => (
            <tr key={entry.id}>
              <td className="font-medium">
                {entry.sandboxId ?? t('operator.unknown')}
                {entry.overdue && (
                  <span className="ml-2 font-normal text-warn text-xs">{t('operator.overdue')}</span>
                )}
              </td>
              <td className="text-muted">{entry.reason}</td>
              <td className="whitespace-nowrap text-muted">{dateTime(entry.at)}</td>
              <td className="tabular whitespace-nowrap">
                {entry.diskBytes === null ? t('operator.noDisk') : bytes(entry.diskBytes)}
              </td>
              <td className="whitespace-nowrap text-right">
                {entry.diskBytes !== null && (
                  <Button
                    size="small"
                    look="quiet"
                    aria-label={t('operator.restoreName', { name: entry.sandboxId ?? entry.id })}
                    onClick={() => setRestoring(entry)}
                  >
                    {t('operator.restore')}
                  </Button>
                )}
                <Button
                  size="small"
                  look="quiet"
                  aria-label={t('operator.deleteName', { name: entry.sandboxId ?? entry.id })}
                  onClick={() => askToDelete(entry)}
                >
                  {t('operator.delete')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {data.disks.length > 0 && (
        <OrphanDisks disks={data.disks} onAsk={setQuestion} onChanged={() => void mutate()} />
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
      <RestoreDialog entry={restoring} onClose={() => setRestoring(null)} onDone={() => void mutate()} />
    </Panel>
  )
}
