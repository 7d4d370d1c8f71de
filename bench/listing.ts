import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloche } from './cloche.js'
import { cpuMs } from './cpu.js'
import { type LoopWatch, watchLoop } from './loop.js'
import type { Samples } from './samples.js'

export const listed = 'The list of all sandboxes with their usage, at the runtime'
export const listedByApi = 'The list of all sandboxes of a tenant with their usage, at the API'
export const cpuOfList = 'CPU time of the runtime for one list'
export const idle = 'CPU of an idle node: share of one processor'
export const block = 'The longest time that an event loop was busy without a pause'

/** As long as the slowest of what is repeated by itself, and again: reconciling, metering, keeping the pools. */
const idleMs = 30_000

/**
 * Lists idle sandboxes, with ever more of them, and lets them be: the cost must grow with their number, not with its
 * square, and nobody must wait for it.
 */
export async function listing(
  samples: Samples,
  cloche: Cloche,
  stops: readonly number[],
  rounds: number,
): Promise<void> {
  const ids: string[] = []
  const processes = await cloche.instance.processes()
  const pids = { runtime: processes.get('runtime') ?? 0, server: processes.get('server') ?? 0 }
  using runtime = await watchLoop(pids.runtime)
  using server = await watchLoop(pids.server)
  const loops = { runtime, server }
  await cloche.liftQuota()
  try {
    for (const stop of stops) {
      while (ids.length < stop) ids.push(await cloche.create())
      const subject = (of: string) => `${of}, ${stop} alive`
      const took = (name: keyof typeof pids, what: string) =>
        addBlock(samples, loops[name], `${name}, ${what}, ${stop} alive`)
      await sleep(2000)
      await Promise.all([runtime.take(), server.take()])
      const before = cpuMs(pids.runtime)
      for (let round = 0; round < rounds; round++)
        await samples.time(listed, subject('Cloche'), () => cloche.list())
      samples.add(cpuOfList, subject('Cloche'), (cpuMs(pids.runtime) - before) / rounds, 'ms')
      await took('runtime', 'lists')
      await server.take()
      for (let round = 0; round < rounds; round++) {
        await samples.time(listedByApi, subject('Cloche'), () => cloche.api('GET', '/sandboxes?limit=200'))
      }
      await took('runtime', 'lists of the API')
      await took('server', 'lists of the API')
      const idleBefore = { runtime: cpuMs(pids.runtime), server: cpuMs(pids.server) }
      await sleep(idleMs)
      for (const name of ['runtime', 'server'] as const) {
        samples.add(idle, subject(name), ((cpuMs(pids[name]) - idleBefore[name]) / idleMs) * 100, '%')
        await took(name, 'idle')
      }
    }
  } finally {
    for (const id of ids) await cloche.delete(id)
  }
}

async function addBlock(samples: Samples, loop: LoopWatch, subject: string): Promise<void> {
  const { longestMs, longestWallMs, over10Ms } = await loop.take()
  samples.add(block, subject, longestMs, 'ms')
  samples.add(`${block}, with what it waited for a processor`, subject, longestWallMs, 'ms')
  samples.add(`${block}: how often longer than 10 ms`, subject, over10Ms, '')
}
