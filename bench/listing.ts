import { readFileSync } from 'node:fs'
import type { Cloche } from './cloche.js'
import type { Samples } from './samples.js'

export const listed = 'The list of all sandboxes with their usage, at the runtime'
export const listedCpu = 'CPU time of the runtime for one list'
export const blocked = 'The longest wait of another call while lists are answered'

/** From getconf CLK_TCK; the same on all Linux that Node runs on. */
const ticksPerSecond = 100

/** Lists idle sandboxes, with ever more of them: the cost must grow with their number, not with its square. */
export async function listing(
  samples: Samples,
  cloche: Cloche,
  stops: readonly number[],
  rounds: number,
): Promise<void> {
  const ids: string[] = []
  try {
    for (const stop of stops) {
      while (ids.length < stop) ids.push((await cloche.claim({ cold: true })).id)
      const subject = `Cloche, ${stop} alive`
      const pid = (await cloche.instance.processes()).get('runtime') ?? 0
      const before = cpuMs(pid)
      for (let round = 0; round < rounds; round++) await samples.time(listed, subject, () => cloche.list())
      samples.add(listedCpu, subject, (cpuMs(pid) - before) / rounds, 'ms')
      let longest = 0
      const lists = { done: false }
      const listingAll = (async () => {
        for (let round = 0; round < rounds; round++) await cloche.list()
        lists.done = true
      })()
      while (!lists.done) {
        const from = performance.now()
        await cloche.ping()
        longest = Math.max(longest, performance.now() - from)
      }
      await listingAll
      samples.add(blocked, subject, longest, 'ms')
    }
  } finally {
    for (const id of ids) await cloche.remove(id)
  }
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}
