import type { Texts } from '../texts'

export const units: Texts<'units'> = {
  bounds: { sandboxes: '沙箱', cpus: 'CPU', memoryMiB: '内存', diskMiB: '磁盘', pids: '进程' },
  cpus: '{many, select, other {{text} 核}}',
  boundsInText: { sandboxes: '沙箱', cpus: 'CPU', memoryMiB: '内存', diskMiB: '磁盘', pids: '进程' },
  days: '{value} 天',
  hours: '{value} 小时',
  minutes: '{value} 分钟',
  processes: '{count, number} 个进程',
  sandboxes: '{count, number} 个沙箱',
  seconds: '{value} 秒',
}
