import { useTranslations } from 'use-intl'
import { Panel, Table } from '../../../components/ui/panel'
import { oneLine } from '../../../lib/format'
import type { AssignmentStatistics } from '../../../lib/protocol-statistics'
import { useFormat } from '../../../lib/use-format'
import { Bar, Quartiles } from './statistics-bars'

/** How long students work on it: how that is distributed, and each of them where the class has turned it on. */
export function TimePart({ of }: { of: AssignmentStatistics['time'] }) {
  const t = useTranslations()
  const { number } = useFormat()
  const minutes = (value: number) => t('statistics.minutes', { value: number(value) })
  const most = Math.max(1, ...(of.each?.map((one) => one.minutes) ?? []))
  return (
    <Panel title={t('statistics.time')}>
      <p className="px-4 pt-3 text-muted">
        {t(of.state === 'off' ? 'statistics.timeOff' : 'statistics.timeText')}
      </p>
      {of.state === 'few' && <p className="px-4 py-3 text-muted">{t('statistics.few')}</p>}
      {of.minutes && <Quartiles of={of.minutes} unit={minutes} />}
      {of.each && (
        <>
          <p className="px-4 pt-3 text-muted">{t('statistics.eachText')}</p>
          <Table
            label={t('statistics.each')}
            head={[t('classes.name'), t('statistics.worked'), `·${t('statistics.chart')}`]}
          >
            {of.each.map((one) => (
              <tr key={one.student}>
                <td className="font-medium">{oneLine(one.name)}</td>
                <td className="tabular whitespace-nowrap">{minutes(one.minutes)}</td>
                <td className="w-1/2">
                  <Bar value={one.minutes} of={most} />
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </Panel>
  )
}
