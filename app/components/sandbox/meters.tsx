import { useTranslations } from 'use-intl'
import { bytes, mebibytes, percent, perSecond } from '../../lib/format'
import type { Limits, Usage, UsageRates } from '../../lib/protocol'
import { useFormat } from '../../lib/use-format'
import { useLimits } from '../../lib/use-limits'
import { Meter } from '../ui/meter'

export interface Metered {
  readonly limits: Limits
  readonly usage: Usage | null
}

export interface Reading {
  readonly label: string
  /** 0 to 1; null when unknown. */
  readonly share: number | null
  readonly short: string
  readonly long: string
}

const mib = 1024 * 1024

/** The readings of one sandbox against its limits. */
export function useReadings({ limits, usage }: Metered): readonly Reading[] {
  const t = useTranslations()
  const { number } = useFormat()
  const { amount } = useLimits()
  const of = (used: string, limit: string) => t('sandbox.ofLimit', { used, limit })
  const memoryMax = limits.memoryMiB * mib
  const diskMax = limits.diskMiB * mib
  const cpu = usage?.rates ? usage.rates.cpus / limits.cpus : null
  return [
    {
      label: 'CPU',
      share: cpu,
      short: cpu === null ? '–' : percent(Math.min(cpu, 1)),
      long: cpu === null ? '–' : of(percent(Math.min(cpu, 1)), String(limits.cpus)),
    },
    {
      label: t('units.bounds.memoryMiB'),
      share: usage && usage.memoryBytes / memoryMax,
      short: usage ? bytes(usage.memoryBytes) : '–',
      long: usage ? of(bytes(usage.memoryBytes), mebibytes(limits.memoryMiB)) : '–',
    },
    {
      label: t('units.bounds.diskMiB'),
      share: usage && usage.diskBytes / diskMax,
      short: usage ? bytes(usage.diskBytes) : '–',
      long: usage ? of(bytes(usage.diskBytes), mebibytes(limits.diskMiB)) : '–',
    },
    {
      label: t('units.bounds.pids'),
      share: usage && usage.pids / limits.pids,
      short: usage ? number(usage.pids) : '–',
      long: usage ? of(number(usage.pids), amount('pids', limits.pids)) : '–',
    },
  ]
}

export function Meters({ sandbox }: { sandbox: Metered }) {
  return useReadings(sandbox).map(({ label, share, short }) => (
    <Meter key={label} label={label} showLabel="narrow" share={share} text={short} />
  ))
}

/** Received and sent. There is no limit to hold it against, so it has no bar. */
export function NetworkRate({ rates, off }: { rates: UsageRates | null | undefined; off: boolean }) {
  const t = useTranslations()
  if (off) return <span className="text-muted text-xs">{t('sandbox.noNetwork')}</span>
  return (
    <span className="tabular grid text-xs leading-4">
      <span className="truncate">
        <span aria-hidden>↓ </span>
        <span className="sr-only">{t('sandbox.received')}</span>
        {rates ? perSecond(rates.networkRxBytesPerSecond) : '–'}
      </span>
      <span className="truncate">
        <span aria-hidden>↑ </span>
        <span className="sr-only">{t('sandbox.sent')}</span>
        {rates ? perSecond(rates.networkTxBytesPerSecond) : '–'}
      </span>
    </span>
  )
}
