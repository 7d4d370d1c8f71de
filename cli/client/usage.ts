import type { QuotaStatus, UsageHour, UsageReport } from '../../sdk/index.js'
import { UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable, showBytes, showMebibytes } from './output.js'

export const usage = clientCommand({
  name: 'usage',
  group: 'Account',
  summary: 'Show what the tenant used, its quota and what is left',
  flags: {
    from: {
      type: 'string',
      value: 'TIME',
      help: 'such as 2026-01-31 or 2026-01-31T12:00Z; default: 24 hours ago',
    },
    to: { type: 'string', value: 'TIME', help: 'default: now' },
    hours: { type: 'boolean', help: 'show each hour' },
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
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`--${name} must be a time such as 2026-01-31 or 2026-01-31T12:00Z, not ${text}`)
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

const titles = ['SANDBOX HOURS', 'CPU HOURS', 'MEMORY GiB·h', 'DISK GiB·h', 'RECEIVED', 'SENT']

function printHours(report: UsageReport): void {
  printTable(
    ['HOUR (UTC)', ...titles],
    report.hours.map((hour) => [showMinute(hour.hour), ...cells(hour)]),
  )
}

function printSum(report: UsageReport, quota: QuotaStatus): void {
  const sum = (name: keyof Omit<UsageHour, 'hour'>) => report.hours.reduce((all, hour) => all + hour[name], 0)
  console.log(`Used from ${showMinute(report.from)} to ${showMinute(report.to)} (UTC)`)
  const values = cells({
    ...{ sandboxSeconds: sum('sandboxSeconds'), cpuSeconds: sum('cpuSeconds'), memoryPeakBytes: 0 },
    ...{ memoryByteSeconds: sum('memoryByteSeconds'), diskByteSeconds: sum('diskByteSeconds') },
    ...{ diskReadBytes: 0, diskWriteBytes: 0 },
    ...{ networkRxBytes: sum('networkRxBytes'), networkTxBytes: sum('networkTxBytes') },
  })
  printTable(titles, [values])
  console.log('\nQuota')
  printTable(['RESOURCE', 'IN USE', 'LIMIT', 'REMAINING'], quotaRows(quota))
}

function quotaRows({ limits, used }: QuotaStatus): string[][] {
  const count = (value: number) => String(Math.round(value * 100) / 100)
  const resources = [
    ['sandboxes', 'sandboxes', count],
    ['CPU cores', 'cpus', count],
    ['memory', 'memoryMiB', showMebibytes],
    ['disk', 'diskMiB', showMebibytes],
    ['processes', 'pids', count],
  ] as const
  return resources.map(([title, name, show]) => [
    ...[title, show(used[name]), show(limits[name]), show(Math.max(0, limits[name] - used[name]))],
  ])
}

/** Such as `2026-01-31 12:00`. */
const showMinute = (time: string) => time.slice(0, 16).replace('T', ' ')
