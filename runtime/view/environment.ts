/** Below this V8 plans a larger heap than there is memory: at least 256 MiB, whatever /proc/meminfo says. */
const smallMiB = 512

/** What programs must be told of the memory because they do not find out; what a tenant sets wins. */
export function memoryEnvironment(memoryMiB: number): Record<string, string> {
  if (memoryMiB >= smallMiB) return {}
  return { NODE_OPTIONS: `--max-old-space-size=${Math.floor(memoryMiB / 2)}` }
}
