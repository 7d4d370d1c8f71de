/** What lxcfs shows in place of the host's own, by their paths below its mount point, and inside. */
export const viewedFiles = [
  'proc/cpuinfo',
  'proc/loadavg',
  'proc/meminfo',
  'proc/stat',
  'proc/swaps',
  'proc/uptime',
  'sys/devices/system/cpu/online',
] as const
