'use client'

import { Download } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { PageHead, Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { usageHour } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useMay } from '../../lib/session'
import { withUnit } from './axis'
import { Bars } from './bars'
import {
  type Bucket,
  bucketsOf,
  type Measure,
  measures,
  type Period,
  type PeriodName,
  periods,
  totalOf,
} from './buckets'
import { DiskPanel } from './disk-panel'
import { QuotaPanel } from './quota-panel'

const usageHours = z.object({ hours: z.array(usageHour) })

/** Of the tenant; a student sees what they may have themselves. */
export function UsagePage() {
  const t = useTranslations()
  const staff = useMay('member')
  if (staff) return <TenantUsage />
  return (
    <>
      <PageHead title={t('pages.usage')} />
      <QuotaPanel />
    </>
  )
}

function TenantUsage() {
  const t = useTranslations()
  const [period, setPeriod] = useState<PeriodName>('day')
  // Rounded to the minute: a new moment each time it is drawn would be asked for each time.
  const [now] = useState(() => Math.floor(Date.now() / 60_000) * 60_000)
  const from = new Date(now - periods[period].hours * 3_600_000).toISOString()
  const query = `from=${encodeURIComponent(from)}`
  const { data, error, mutate } = useResource(`/usage?${query}`, usageHours)
  const buckets = useMemo(() => data && bucketsOf(data.hours, now, periods[period]), [data, now, period])
  return (
    <>
      <PageHead title={t('pages.usage')}>{t('usage.audience')}</PageHead>
      <QuotaPanel />
      <DiskPanel />
      <Panel
        title={t('usage.history')}
        className="mt-5"
        action={
          <div className="flex items-center gap-1">
            {(['day', 'week', 'month'] as const).map((name) => (
              <Button
                key={name}
                look="quiet"
                size="small"
                aria-pressed={name === period}
                onClick={() => setPeriod(name)}
                className={name === period ? 'bg-hover text-ink' : ''}
              >
                {t(`usage.periods.${name}`)}
              </Button>
            ))}
            <Button asChild look="quiet" size="small">
              <a href={`/api/v1/usage.csv?${query}`} download>
                <Download aria-hidden />
                CSV
              </a>
            </Button>
          </div>
        }
      >
        {!buckets && error && <Failed error={error} retry={() => mutate()} />}
        {!buckets && !error && <SkeletonRows rows={4} className="h-24" />}
        {buckets && (
          <div className="grid gap-px bg-line sm:grid-cols-2">
            {measures.map((measure) => (
              <MeasureFigure
                key={measure.name}
                measure={measure}
                buckets={buckets}
                period={periods[period]}
              />
            ))}
          </div>
        )}
      </Panel>
    </>
  )
}

function MeasureFigure({
  measure,
  buckets,
  period,
}: {
  measure: Measure
  buckets: readonly Bucket[]
  period: Period
}) {
  const t = useTranslations()
  const label = t(`usage.measures.${measure.name}`)
  const units = measure.units.map(({ size, name }) => ({ size, name: t(`usage.units.${name}`) }))
  return (
    <figure className="min-w-0 bg-surface p-4">
      <figcaption className="mb-3 flex items-baseline justify-between gap-3">
        <span className="text-muted">{label}</span>
        <span className="tabular font-semibold text-base">{withUnit(totalOf(buckets, measure), units)}</span>
      </figcaption>
      <Bars label={label} buckets={buckets} measure={measure} units={units} period={period} />
    </figure>
  )
}
