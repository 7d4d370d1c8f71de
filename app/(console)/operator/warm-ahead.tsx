'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { dateTime } from '../../lib/format'
import type { KeptSchedule, PoolsStatus } from '../../lib/protocol'

/** Schedules and requests that hold sandboxes ready, beside what the forecast wants. */
export function WarmAhead({
  status,
  query,
  onChanged,
}: {
  status: PoolsStatus
  query: string
  onChanged: () => void
}) {
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const drop = (path: string, title: string, action: string, text: string) =>
    setQuestion({
      ...{ title, text, action },
      run: async () => {
        await order(`${path}${query}`, { method: 'DELETE' })
        toast.done('Pre-warming was removed.')
        onChanged()
      },
    })
  if (status.schedules.length + status.warm.length === 0) return null
  return (
    <div className="border-line border-t">
      <Table label="Pre-warming" head={['Schedule', 'When', 'Template', 'Sandboxes', '·Actions']}>
        {status.schedules.map((schedule) => (
          <tr key={schedule.name}>
            <td className="font-medium">
              {schedule.name}
              {schedule.active && <span className="ml-2 font-normal text-accent text-xs">Active</span>}
            </td>
            <td>{when(schedule)}</td>
            <td className="text-muted">
              {schedule.template}, {schedule.isolation}
            </td>
            <td className="tabular">{schedule.count}</td>
            <td className="text-right">
              <Button
                look="quiet"
                size="small"
                aria-label={`Delete schedule ${schedule.name}`}
                onClick={() =>
                  drop(
                    `/admin/pools/schedules/${schedule.name}`,
                    `Delete schedule ${schedule.name}?`,
                    'Delete schedule',
                    'Sandboxes are no longer kept ready at these times. This cannot be undone.',
                  )
                }
              >
                Delete
              </Button>
            </td>
          </tr>
        ))}
        {status.warm.map((warm) => (
          <tr key={warm.id}>
            <td className="font-medium">One-time</td>
            <td>Until {dateTime(warm.expiresAt)}</td>
            <td className="text-muted">
              {warm.template}, {warm.isolation}
            </td>
            <td className="tabular">{warm.count}</td>
            <td className="text-right">
              <Button
                look="quiet"
                size="small"
                aria-label={`Cancel pre-warming of ${warm.count} ${warm.template}`}
                onClick={() =>
                  drop(
                    `/admin/pools/warm/${warm.id}`,
                    'Cancel pre-warming?',
                    'Cancel pre-warming',
                    `${warm.count} sandboxes of ${warm.template} are no longer kept ready.`,
                  )
                }
              >
                Delete
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </div>
  )
}

/** `mon, tue at 09:00 Europe/Berlin, for 60 min`. */
function when({ days, at, timeZone, holdMinutes }: KeptSchedule): string {
  const names = days.length === 7 ? 'every day' : days.map((day) => day.slice(0, 3)).join(', ')
  return `${names} at ${at} ${timeZone}, for ${holdMinutes} min`
}
