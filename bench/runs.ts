import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Run, run as runSchema } from '../protocol/api/index.js'
import type { Cloche } from './cloche.js'
import type { Peer } from './peers/peer.js'
import type { Samples } from './samples.js'

export const runMetrics = {
  once: '`true` in a fresh one that is gone afterwards',
  cases: 'One of 50 cases of a C program, beyond its own time',
  knee: 'Runs done a second, with as many in flight as it takes for no more to be done',
  load: 'Runs done a second, by how many are in flight',
  latency: 'There: from asking to the answer',
  inFlight: 'There: in flight',
  lost: 'There: not done as asked, of 1,000',
  held: 'All those runs: memory of server, runtime and terminal host',
} as const

const api = 'Cloche, at the API'
const casesCount = 50
const program =
  '#include <stdio.h>\nint main(void) { int a, b; scanf("%d %d", &a, &b); printf("%d\\n", a + b); }'
/** Twice as many in flight each time, until so many times more in flight did not do so much more. */
const growth = 1.05
const patience = 2
const mostInFlight = 256

/** Waits for the end, also where that takes longer than one request may wait. */
async function post(cloche: Cloche, body: object): Promise<Run> {
  let run = runSchema.parse(JSON.parse(await cloche.api('POST', '/runs', { ...body, wait: true })))
  while (run.finishedAt === null) {
    await sleep(500)
    run = runSchema.parse(JSON.parse(await cloche.api('GET', `/runs/${run.id}`)))
  }
  if (run.status !== 'ok') throw new Error(`a run came to ${run.state}, ${run.status}: ${run.message}`)
  return run
}

/** One-off tasks: Cloche's runs beside `docker run --rm` and its like, one of each in every round. */
export async function runs(
  samples: Samples,
  cloche: Cloche,
  peers: readonly Peer[],
  rounds: number,
  seconds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await cloche.poolFull()
    await samples.time(runMetrics.once, api, () => post(cloche, { command: ['true'] }))
    for (const { name, once } of peers) {
      if (once === undefined) continue
      try {
        await samples.time(runMetrics.once, `${name}, without a network`, once)
      } catch (error) {
        samples.cannot(runMetrics.once, name, String(error))
      }
    }
  }
  const cases = Array.from({ length: casesCount }, (_, at) => ({ stdin: `${at} 1`, expected: `${at + 1}` }))
  for (let time = 0; time < Math.max(3, rounds / 10); time++) {
    await cloche.poolFull()
    const run = await post(cloche, { language: 'c', files: [{ path: 'main.c', content: program }], cases })
    const [compile] = run.steps
    const wholeMs = Date.parse(run.finishedAt ?? '') - Date.parse(run.startedAt ?? '')
    const ownMs = run.cases.reduce((sum, one) => sum + one.wallUs / 1000, (compile?.wallUs ?? 0) / 1000)
    samples.add(runMetrics.cases, api, (wholeMs - ownMs) / casesCount)
  }
  await cloche.liftQuota()
  await cloche.poolFull()
  samples.add(runMetrics.held, 'before', await memoryOfServices(cloche), 'MiB')
  await knee(samples, api, seconds, () => post(cloche, { command: ['true'] }))
  await cloche.poolFull()
  samples.add(runMetrics.held, 'after', await memoryOfServices(cloche), 'MiB')
  const { disks, records } = cloche.kept()
  if (disks !== records) throw new Error(`${disks} disks are there, of ${records} sandboxes`)
  for (const { name, once } of peers) if (once !== undefined) await knee(samples, name, seconds, once)
}

interface Load {
  readonly inFlight: number
  readonly perSecond: number
  readonly times: readonly number[]
  readonly failures: number
}

/**
 * Raises how many are in flight until that does no more runs. The knee is where nearly the most is done with the
 * fewest in flight: past it, whoever asks only waits longer.
 */
async function knee(
  samples: Samples,
  name: string,
  seconds: number,
  once: () => Promise<unknown>,
): Promise<void> {
  const loads: Load[] = []
  const most = () => Math.max(0, ...loads.map(({ perSecond }) => perSecond))
  for (let inFlight = 1, flat = 0; flat < patience && inFlight <= mostInFlight; inFlight *= 2) {
    const before = most()
    const load = await keepInFlight(inFlight, seconds * 1000, once)
    loads.push(load)
    flat = load.perSecond < before * growth ? flat + 1 : 0
    samples.add(runMetrics.load, `${name}, ${inFlight}`, load.perSecond, '1/s')
  }
  const found = loads.find(({ perSecond }) => perSecond * growth >= most())
  if (found === undefined || found.times.length === 0) {
    samples.cannot(runMetrics.knee, name, 'no run was done')
    return
  }
  samples.add(runMetrics.knee, name, found.perSecond, '1/s')
  for (const ms of found.times) samples.add(runMetrics.latency, name, ms)
  samples.add(runMetrics.inFlight, name, found.inFlight, '')
  const asked = found.times.length + found.failures
  samples.add(runMetrics.lost, name, (found.failures * 1000) / asked, '')
}

async function keepInFlight(inFlight: number, forMs: number, once: () => Promise<unknown>): Promise<Load> {
  const times: number[] = []
  let failures = 0
  const began = performance.now()
  const work = async () => {
    while (performance.now() - began < forMs) {
      const asked = performance.now()
      try {
        await once()
        times.push(performance.now() - asked)
      } catch {
        failures++ // counted, and shown beside what was done
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return { inFlight, perSecond: (times.length * 1000) / (performance.now() - began), times, failures }
}

async function memoryOfServices(cloche: Cloche): Promise<number> {
  const processes = await cloche.instance.processes()
  const pids = ['server', 'runtime', 'terminals'].flatMap((name) => processes.get(name) ?? [])
  return pids.reduce((sum, pid) => sum + residentMib(pid), 0)
}

const residentMib = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
