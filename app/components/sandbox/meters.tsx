import { bytes, count, mebibytes, percent, perSecond } from '../../lib/format'
import type { Limits, Usage, UsageRates } from '../../lib/protocol'
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
export function readingsOf({ limits, usage }: Metered): readonly Reading[] {
  const memoryMax = limits.memoryMiB * mib
  const diskMax = limits.diskMiB * mib
  const cpu = usage?.rates ? usage.rates.cpus / limits.cpus : null
  return [
    {
      label: 'CPU',
      share: cpu,
      short: cpu === null ? '–' : percent(Math.min(cpu, 1)),
      long: cpu === null ? '–' : `${percent(Math.min(cpu, 1))} of ${limits.cpus}`,
    },
    {
      label: 'Memory',
      share: usage && usage.memoryBytes / memoryMax,
      short: usage ? bytes(usage.memoryBytes) : '–',
      long: usage ? `${bytes(usage.memoryBytes)} of ${mebibytes(limits.memoryMiB)}` : '–',
    },
    {
      label: 'Disk',
      share: usage && usage.diskBytes / diskMax,
      short: usage ? bytes(usage.diskBytes) : '–',
      long: usage ? `${bytes(usage.diskBytes)} of ${mebibytes(limits.diskMiB)}` : '–',
    },
    {
      label: 'Processes',
      share: usage && usage.pids / limits.pids,
      short: usage ? usage.pids.toLocaleString('en') : '–',
      long: usage
        ? `${usage.pids.toLocaleString('en')} of ${count(limits.pids, 'process', 'processes')}`
        : '–',
    },
  ]
}

export function Meters({ sandbox }: { sandbox: Metered }) {
  return readingsOf(sandbox).map(({ label, share, short }) => (
    <Meter key={label} label={label} showLabel="narrow" share={share} text={short} />
  ))
}

/** Received and sent. There is no limit to hold it against, so it has no bar. */
export function NetworkRate({ rates, off }: { rates: UsageRates | null | undefined; off: boolean }) {
  if (off) return <span className="text-muted text-xs">No network</span>
  return (
    <span className="tabular grid text-xs leading-4">
      <span className="truncate">
        <span aria-hidden>↓ </span>
        <span className="sr-only">received </span>
        {rates ? perSecond(rates.networkRxBytesPerSecond) : '–'}
      </span>
      <span className="truncate">
        <span aria-hidden>↑ </span>
        <span className="sr-only">sent </span>
        {rates ? perSecond(rates.networkTxBytesPerSecond) : '–'}
      </span>
    </span>
  )
}
