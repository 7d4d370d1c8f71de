'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Notice } from '../../components/ui/notice'
import { Panel, Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { bytes, dateTime } from '../../lib/format'
import { adminQuarantine, type QuarantineEntry } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { RestoreDialog } from './restore-dialog'

/** Sandboxes that were set aside with their disks: an operator restores or deletes them. Not shown while there are none. */
export function Quarantine() {
  const { data, mutate } = useResource('/admin/quarantine', adminQuarantine, { everyMs: 5000 })
  const [question, setQuestion] = useState<Question | null>(null)
  const [restoring, setRestoring] = useState<QuarantineEntry | null>(null)
  const toast = useToast()
  if (!data || data.entries.length + data.unknown.length === 0) return null
  const askToDelete = ({ id, sandboxId }: QuarantineEntry) =>
    setQuestion({
      title: 'Delete this sandbox for good?',
      text: `This permanently deletes the disk of ${sandboxId ?? 'an unknown sandbox'}. It cannot be undone.`,
      action: 'Delete disk',
      run: async () => {
        await order(`/admin/quarantine/${id}`, { method: 'DELETE' })
        toast.done('The disk was deleted.')
        await mutate()
      },
    })
  const askToSetAside = () =>
    setQuestion({
      title: `Stop ${data.unknown.length} sandboxes?`,
      text: 'They are stopped and put into quarantine with their disks. You can restore them from there.',
      action: 'Put into quarantine',
      run: async () => {
        for (const { id } of data.unknown) {
          await order('/admin/quarantine', { method: 'POST', body: { sandboxId: id } })
        }
        await mutate()
      },
    })
  return (
    <Panel title="Quarantine">
      <div className="grid gap-3 p-4">
        <p className="text-muted">
          Sandboxes whose record cannot be read, or that the database does not know. They are stopped, and
          their disks are kept until you restore or delete them.
        </p>
        {data.unknown.length > 0 && (
          <Notice
            tone="warn"
            action={
              <Button size="small" onClick={askToSetAside}>
                Put into quarantine
              </Button>
            }
          >
            The node has {data.unknown.length} more sandboxes that the database does not know. If the database
            was restored from an old backup or is the wrong one, restore the right database first.
          </Notice>
        )}
      </div>
      {data.entries.length > 0 && (
        <Table label="Quarantine" head={['Sandbox', 'Reason', 'Since', 'Disk', '·Actions']}>
          {data.entries.map((entry) => (
            <tr key={entry.id}>
              <td className="font-medium">
                {entry.sandboxId ?? 'Unknown'}
                {entry.overdue && <span className="ml-2 font-normal text-warn text-xs">overdue</span>}
              </td>
              <td className="text-muted">{entry.reason}</td>
              <td className="whitespace-nowrap text-muted">{dateTime(entry.at)}</td>
              <td className="tabular whitespace-nowrap">
                {entry.diskBytes === null ? 'No disk' : bytes(entry.diskBytes)}
              </td>
              <td className="whitespace-nowrap text-right">
                {entry.diskBytes !== null && (
                  <Button
                    size="small"
                    look="quiet"
                    aria-label={`Restore ${entry.sandboxId ?? entry.id}`}
                    onClick={() => setRestoring(entry)}
                  >
                    Restore
                  </Button>
                )}
                <Button
                  size="small"
                  look="quiet"
                  aria-label={`Delete ${entry.sandboxId ?? entry.id}`}
                  onClick={() => askToDelete(entry)}
                >
                  Delete
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
      <RestoreDialog entry={restoring} onClose={() => setRestoring(null)} onDone={() => void mutate()} />
    </Panel>
  )
}
