/** Lists, forms and states of sandboxes. */
export const sandbox = {
  cpuHint: 'CPU cores, for example 0.5.',
  custom: 'Custom',
  customText: 'Custom limits',
  diskAmount: '{amount} disk',
  diskHint: 'MiB, not counting the template.',
  memoryAmount: '{amount} memory',
  memoryHint: 'MiB, including page cache.',
  notALimit: 'Not a valid limit.',
  processesHint: 'Processes and threads.',
  quotaLeft: 'Quota remaining: {sandboxes}, {cpus}, {memory} memory, {disk} disk',
  size: 'Size',
  sizes: { small: 'Small', medium: 'Medium', large: 'Large' },
} as const
