'use client'

import { Button } from '../../components/ui/button'
import { Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { dateTime } from '../../lib/format'
import type { KeptSchedule, PoolsStatus } from '../../lib/protocol'

/** Schedules and requests that hold sandboxes ready, beside what the forecast wants. */
export function WarmAhead({ status, onChanged }: { status: PoolsStatus; onChanged: () => void }) {
  const toast = useToast()
  const drop = async (path: string) => {
    try {
      await order(path, { method: 'DELETE' })
    } catch (error) {
      toast.failed(error)
    }
    onChanged()
  }
  if (status.schedules.length + status.warm.length === 0) return null
  return (
    <div className="border-line border-t">
      <Table label="Warm ahead" head={['What', 'When', 'Of', 'How many', '·Actions']}>
        {status.schedules.map((schedule) => (
          <tr key={schedule.name}>
            <td className="font-medium">
              {schedule.name}
              {schedule.active && <span className="ml-2 font-normal text-accent text-xs">holds now</span>}
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
                aria-label={`Drop the schedule ${schedule.name}`}
                onClick={() => void drop(`/admin/pools/schedules/${schedule.name}`)}
              >
                Drop
              </Button>
            </td>
          </tr>
        ))}
        {status.warm.map((warm) => (
          <tr key={warm.id}>
            <td className="font-medium">Request</td>
            <td>until {dateTime(warm.expiresAt)}</td>
            <td className="text-muted">
              {warm.template}, {warm.isolation}
            </td>
            <td className="tabular">{warm.count}</td>
            <td className="text-right">
              <Button
                look="quiet"
                size="small"
                aria-label={`Drop the request for ${warm.count} of ${warm.template}`}
                onClick={() => void drop(`/admin/pools/warm/${warm.id}`)}
              >
                Drop
              </Button>
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}

/** `mon, tue at 09:00 Europe/Berlin, for 60 min`. */
function when({ days, at, timeZone, holdMinutes }: KeptSchedule): string {
  const names = days.length === 7 ? 'every day' : days.map((day) => day.slice(0, 3)).join(', ')
  return `${names} at ${at} ${timeZone}, for ${holdMinutes} min`
}
