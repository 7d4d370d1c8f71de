import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { Cloche as Client, type Sandbox } from '../sdk/index.js'
import type { Cloche } from './cloche.js'
import { unshareOnce } from './peers/oci.js'
import { runProgram } from './program.js'
import type { Samples } from './samples.js'

export const taken = 'A snapshot of a disk with 1 GiB written'
export const forked = 'A fork of it, until `true` has run there'
export const shared = 'What each of 100 forks takes of the disk'

const over = 'Cloche, over the API'
/** At most so many in one call. */
const forksAtOnce = 20
const limits = { cpus: 0.1, memoryMiB: 64, diskMiB: 2048, pids: 64 }

/** What is kept of a disk, and made from it. */
export async function snapshots(samples: Samples, cloche: Cloche, rounds: number): Promise<void> {
  await cloche.liftQuota()
  const client = new Client(cloche.instance.admin)
  const box = await client.sandboxes.create({ limits })
  try {
    await box.exec('head -c 1G /dev/urandom >big; sync', { timeoutMs: 600_000 })
    for (let round = 0; round < rounds; round++) {
      await box.files.write('small.txt', String(round))
      const { id } = await samples.time(taken, over, () => box.snapshot())
      await client.snapshots.delete(id)
      await samples.time(taken, 'unshare, one command', () => runProgram('unshare', unshareOnce))
    }
    for (let round = 0; round < rounds; round++) {
      const fork = await samples.time(forked, over, () => firstFork(box))
      await fork.delete()
      const cold = await samples.time(forked, 'Cloche, a sandbox from nothing, over the API', () =>
        cloche.create(),
      )
      await cloche.delete(cold)
    }
    await shares(samples, cloche, box)
  } finally {
    await box.delete()
  }
}

async function firstFork(box: Sandbox): Promise<Sandbox> {
  const [fork] = await box.fork()
  if (fork === undefined) throw new Error('no fork was made')
  await fork.exec('true')
  return fork
}

async function shares(samples: Samples, cloche: Cloche, box: Sandbox): Promise<void> {
  const before = usedBytes(cloche)
  const forks: Sandbox[] = []
  while (forks.length < 100) forks.push(...(await box.fork({ count: forksAtOnce })))
  await forks[0]?.exec('sync')
  samples.add(shared, 'Cloche', (usedBytes(cloche) - before) / forks.length / 1024 ** 2, 'MiB')
  for (const fork of forks) await fork.delete()
}

function usedBytes(cloche: Cloche): number {
  const { bsize, blocks, bfree } = statfsSync(join(cloche.instance.home, 'disk'))
  return (blocks - bfree) * bsize
}
