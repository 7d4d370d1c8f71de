'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import type { KeptSchedule, PoolsStatus } from '../../lib/protocol-operator'
import { useFormat } from '../../lib/use-format'
import type { Translate } from '../../messages/texts'

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
  const t = useTranslations()
  const { dateTime } = useFormat()
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const drop = (path: string, title: string, action: string, text: string) =>
    setQuestion({
      ...{ title, text, action },
      run: async () => {
        await order(`${path}${query}`, { method: 'DELETE' })
        toast.done(t('operator.warmRemoved'))
        onChanged()
      },
    })
  if (status.schedules.length + status.warm.length === 0) return null
  return (
    <div className="border-line border-t">
      <Table
        label={t('operator.preWarming')}
        head={[
          ...[t('operator.schedule'), t('operator.when'), t('operator.template')],
          ...[t('units.bounds.sandboxes'), `·${t('operator.actions')}`],
        ]}
      >
        {status.schedules.map((schedule) => (
          <tr key={schedule.name}>
            <td className="font-medium">
              {schedule.name}
              {schedule.active && (
                <span className="ml-2 font-normal text-accent text-xs">{t('operator.active')}</span>
              )}
            </td>
            <td>{when(schedule, t)}</td>
            <td className="text-muted">{templateOf(schedule, t)}</td>
            <td className="tabular">{schedule.count}</td>
            <td className="text-right">
              <Button
                look="quiet"
                size="small"
                aria-label={t('operator.deleteScheduleName', { name: schedule.name })}
                onClick={() =>
                  drop(
                    `/admin/pools/schedules/${schedule.name}`,
                    t('operator.deleteScheduleTitle', { name: schedule.name }),
                    t('operator.deleteSchedule'),
                    t('operator.deleteScheduleText'),
                  )
                }
              >
                {t('operator.delete')}
              </Button>
            </td>
          </tr>
        ))}
        {status.warm.map((warm) => (
          <tr key={warm.id}>
            <td className="font-medium">{t('operator.oneTime')}</td>
            <td>{t('operator.until', { at: dateTime(warm.expiresAt) })}</td>
            <td className="text-muted">{templateOf(warm, t)}</td>
            <td className="tabular">{warm.count}</td>
            <td className="text-right">
              <Button
                look="quiet"
                size="small"
                aria-label={t('operator.cancelWarmLabel', {
                  ...{ count: String(warm.count), template: warm.template },
                })}
                onClick={() =>
                  drop(
                    `/admin/pools/warm/${warm.id}`,
                    t('operator.cancelWarmTitle'),
                    t('operator.cancelWarm'),
                    t('operator.cancelWarmText', {
                      ...{ count: String(warm.count), template: warm.template },
                    }),
                  )
                }
              >
                {t('operator.delete')}
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
function when({ days, at, timeZone, holdMinutes }: KeptSchedule, t: Translate): string {
  const names =
    days.length === 7
      ? t('operator.everyDay')
      : days.map((day) => t(`operator.dayInList.${day}`)).join(t('common.comma'))
  return t('operator.whenText', { days: names, at, timeZone, minutes: String(holdMinutes) })
}

const templateOf = ({ template, isolation }: Pick<KeptSchedule, 'template' | 'isolation'>, t: Translate) =>
  t('operator.templateIsolation', { template, isolation: t(`operator.isolations.${isolation}`) })
