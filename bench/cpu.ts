import { readFileSync } from 'node:fs'

/** From getconf CLK_TCK; the same on all Linux that Node runs on. */
const ticksPerSecond = 100

/** What a process has used of the processors so far. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}
