import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Run, run as runSchema } from '../protocol/api/index.js'
import type { Cloche } from './cloche.js'
import type { Peer } from './peers/peer.js'
import type { Samples } from './samples.js'

export const runMetrics = {
  once: '`true` in a fresh one that is gone afterwards',
  cases: 'One of 50 cases of a C program, beyond its own time',
  sustained: '40 runs asked for each second, for `--seconds`: done a second',
  latency: 'The same: from asking to the answer',
  held: 'The same: memory of server, runtime and terminal host',
} as const

const api = 'Cloche, at the API'
const casesCount = 50
const program =
  '#include <stdio.h>\nint main(void) { int a, b; scanf("%d %d", &a, &b); printf("%d\\n", a + b); }'
const perSecond = 40
/** A peer does as many as it can, for so long. */
const peerMs = 15_000

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
  await sustained(samples, cloche, seconds)
  for (const { name, once } of peers) {
    if (once !== undefined) await flatOut(samples, `${name}, as many as it can`, once)
  }
}

/** Asked for at a steady pace, whoever waits; what is lost, or left behind, makes it throw. */
async function sustained(samples: Samples, cloche: Cloche, seconds: number): Promise<void> {
  await cloche.poolFull()
  samples.add(runMetrics.held, 'before', await memoryOfServices(cloche), 'MiB')
  const began = performance.now()
  const all: Promise<Run>[] = []
  for (let number = 0; number < perSecond * seconds; number++) {
    all.push(samples.time(runMetrics.latency, api, () => post(cloche, { command: ['true'] })))
    await sleep(Math.max(0, began + ((number + 1) * 1000) / perSecond - performance.now()))
  }
  await Promise.all(all)
  samples.add(runMetrics.sustained, api, (all.length * 1000) / (performance.now() - began), '1/s')
  await cloche.poolFull()
  samples.add(runMetrics.held, 'after', await memoryOfServices(cloche), 'MiB')
  const { disks, records } = cloche.kept()
  if (disks !== records) throw new Error(`${disks} disks are there, of ${records} sandboxes`)
}

async function flatOut(samples: Samples, name: string, once: () => Promise<unknown>): Promise<void> {
  const began = performance.now()
  let done = 0
  const work = async () => {
    for (; performance.now() - began < peerMs; done++) await once()
  }
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, work))
  samples.add(runMetrics.sustained, name, (done * 1000) / (performance.now() - began), '1/s')
}

async function memoryOfServices(cloche: Cloche): Promise<number> {
  const processes = await cloche.instance.processes()
  const pids = ['server', 'runtime', 'terminals'].flatMap((name) => processes.get(name) ?? [])
  return pids.reduce((sum, pid) => sum + residentMib(pid), 0)
}

const residentMib = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
