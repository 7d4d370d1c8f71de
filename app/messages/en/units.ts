/** Amounts with their unit, as `useFormat` shows them. */
export const units = {
  bounds: { sandboxes: 'Sandboxes', cpus: 'CPUs', memoryMiB: 'Memory', diskMiB: 'Disk', pids: 'Processes' },
  cpus: '{many, select, true {{text} CPUs} other {{text} CPU}}',
  boundsInText: {
    sandboxes: 'sandboxes',
    cpus: 'cpus',
    memoryMiB: 'memory',
    diskMiB: 'disk',
    pids: 'processes',
  },
  days: '{value} d',
  hours: '{value} h',
  minutes: '{value} min',
  processes: '{count, plural, one {# process} other {# processes}}',
  sandboxes: '{count, plural, one {# sandbox} other {# sandboxes}}',
  seconds: '{value} s',
} as const
