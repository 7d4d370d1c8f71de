import type { QuotaStatus, UsageHour, UsageReport } from '../../sdk/index.js'
import { UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable, showBytes } from './output.js'

export const usage = clientCommand({
  name: 'usage',
  summary: 'Says what the tenant used, and what it may have.',
  flags: {
    from: {
      type: 'string',
      value: 'TIME',
      help: 'such as 2026-01-31 or 2026-01-31T12:00Z; 24 hours ago if absent',
    },
    to: { type: 'string', value: 'TIME', help: 'now if absent' },
    hours: { type: 'boolean', help: 'each hour by itself' },
  },
  async run({ cloche, json, has, text }) {
    const [from, to] = [timeOf('from', text('from')), timeOf('to', text('to'))]
    const [report, quota] = await Promise.all([cloche.usage({ ...from, ...to }), cloche.quota()])
    if (json) printJson({ ...report, quota })
    else if (has('hours')) printHours(report)
    else printSum(report, quota)
    return 0
  },
})

function timeOf<K extends 'from' | 'to'>(name: K, text: string | undefined): { [name in K]?: Date } {
  if (text === undefined) return {}
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new UsageError(`--${name} is no time: ${text}`)
  const given: { [name in K]?: Date } = {}
  given[name] = time
  return given
}

const hours = (seconds: number) => (seconds / 3600).toFixed(2)
const gibHours = (byteSeconds: number) => (byteSeconds / 1024 ** 3 / 3600).toFixed(2)

function cells(hour: Omit<UsageHour, 'hour'>): string[] {
  return [
    ...[hours(hour.sandboxSeconds), hours(hour.cpuSeconds), gibHours(hour.memoryByteSeconds)],
    ...[gibHours(hour.diskByteSeconds), showBytes(hour.networkRxBytes), showBytes(hour.networkTxBytes)],
  ]
}

const titles = ['SANDBOX h', 'CPU h', 'MEMORY GiB·h', 'DISK GiB·h', 'RECEIVED', 'SENT']

function printHours(report: UsageReport): void {
  printTable(
    ['HOUR', ...titles],
    report.hours.map((hour) => [hour.hour.slice(0, 16), ...cells(hour)]),
  )
}

function printSum(report: UsageReport, { limits, used }: QuotaStatus): void {
  const sum = (name: keyof Omit<UsageHour, 'hour'>) => report.hours.reduce((all, hour) => all + hour[name], 0)
  console.log(`used from ${report.from} to ${report.to}`)
  const values = cells({
    ...{ sandboxSeconds: sum('sandboxSeconds'), cpuSeconds: sum('cpuSeconds'), memoryPeakBytes: 0 },
    ...{ memoryByteSeconds: sum('memoryByteSeconds'), diskByteSeconds: sum('diskByteSeconds') },
    ...{ diskReadBytes: 0, diskWriteBytes: 0 },
    ...{ networkRxBytes: sum('networkRxBytes'), networkTxBytes: sum('networkTxBytes') },
  })
  printTable(titles, [values])
  console.log('\nheld of the quota now')
  const names = ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const
  printTable(
    ['', 'NOW', 'AT MOST'],
    names.map((name) => [name, String(used[name]), String(limits[name])]),
  )
}
