import { availableParallelism } from 'node:os'
import { availableMemory } from '../runtime/linux/memory.js'
import { type Cloche, poolSize } from './cloche.js'
import { memoryOf } from './memory.js'
import type { Peer } from './peers/peer.js'
import type { Samples } from './samples.js'

export const metrics = {
  warm: 'A sandbox from the pool',
  burst: 'A burst of 40 claims: the last one answered',
  cold: 'A sandbox from nothing, with its network',
  coldLocal: 'A sandbox from nothing, without a network',
  exec: '`true` in a sandbox that runs',
  rate: 'Made in a second, on all cores',
  memory: 'Memory of an idle one, all its processes and the kernel',
  alive: 'A sandbox from nothing, by how many are alive',
  execAlive: '`true`, by how many are alive',
  fall: 'Memory of each, by what the whole host has less',
} as const

const socket = "Cloche, at the runtime's socket"
const api = 'Cloche, at the API'

/** Of everything so many one right after the other, as by somebody at work, before it is the next one's turn. */
const inARow = 5

/** Creation and exec: some of each in every round, so that what else the machine does meets all of them. */
export async function alternate(samples: Samples, cloche: Cloche, peers: readonly Peer[], rounds: number) {
  await cloche.api('POST', '/sandboxes', {})
  for (let round = 0; round < rounds; round++) {
    await cloche.poolFull()
    await someOfCloche(samples, cloche)
    for (const peer of peers) {
      for (const network of peer.networks) {
        for (let time = 0; time < inARow; time++) await oneOfPeer(samples, peer, network)
      }
    }
  }
}

async function someOfCloche(samples: Samples, cloche: Cloche): Promise<void> {
  const made: string[] = []
  for (const network of [false, true]) {
    for (let time = 0; time < inARow; time++) {
      const began = performance.now()
      const cold = await cloche.claim({ cold: true, network })
      const took = performance.now() - began
      if (!cold.warm) samples.add(network ? metrics.cold : metrics.coldLocal, socket, took)
      made.push(cold.id)
    }
  }
  // Its tenant is at work: it has a cgroup.
  for (let time = 0; time < inARow; time++) {
    made.push((await samples.time(metrics.warm, socket, () => cloche.claim({}))).id)
  }
  for (const id of made.slice(-inARow)) await samples.time(metrics.exec, socket, () => cloche.exec(id))
  for (const id of made) await cloche.remove(id)
  await cloche.poolFull()
  const ids: string[] = []
  for (let time = 0; time < inARow; time++) {
    const answer = await samples.time(metrics.warm, api, () => cloche.api('POST', '/sandboxes', {}))
    ids.push(JSON.parse(answer).id)
  }
  const command = { command: ['true'] }
  for (const id of ids) {
    await samples.time(metrics.exec, api, () => cloche.api('POST', `/sandboxes/${id}/exec`, command))
  }
  for (const id of ids) await cloche.api('DELETE', `/sandboxes/${id}`)
}

async function oneOfPeer(samples: Samples, peer: Peer, network: boolean): Promise<void> {
  const metric = network ? metrics.cold : metrics.coldLocal
  try {
    const id = await samples.time(metric, peer.name, () => peer.create(network))
    if (peer.exec !== undefined) await samples.time(metrics.exec, peer.name, async () => peer.exec?.(id))
    await peer.remove(id)
  } catch (error) {
    samples.cannot(metric, peer.name, String(error))
  }
}

export async function burst(samples: Samples, cloche: Cloche, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await cloche.poolFull()
    const claims = await samples.time(metrics.burst, socket, () =>
      Promise.all(Array.from({ length: poolSize }, () => cloche.claim({}))),
    )
    for (const { id } of claims) await cloche.remove(id)
  }
}

/** As many at once as there are cores, and one more to wait for the disk meanwhile. */
export async function rate(
  samples: Samples,
  cloche: Cloche,
  peers: readonly Peer[],
  count: number,
): Promise<void> {
  const atOnce = availableParallelism() + 1
  const measure = async (
    subject: string,
    create: () => Promise<string>,
    remove: (id: string) => Promise<void>,
  ) => {
    const made: string[] = []
    const began = performance.now()
    // All of them, also when one fails: what another is still making must be removed too.
    const ends = await Promise.allSettled(
      Array.from({ length: atOnce }, async () => {
        for (let i = 0; i < count / atOnce; i++) made.push(await create())
      }),
    )
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) samples.cannot(metrics.rate, subject, String(failed.reason))
    else samples.add(metrics.rate, subject, (made.length * 1000) / (performance.now() - began), '1/s')
    for (const id of made) await remove(id)
  }
  await measure(socket, async () => (await cloche.claim({ cold: true })).id, cloche.remove)
  for (const peer of peers) {
    await measure(
      peer.name,
      () => peer.create(peer.networks[0] ?? false),
      (id) => peer.remove(id),
    )
  }
}

export async function memory(samples: Samples, cloche: Cloche, peers: readonly Peer[]): Promise<void> {
  await cloche.poolFull()
  for (const cgroup of cloche.pooledCgroups())
    samples.add(metrics.memory, 'Cloche, pooled, its shell included', await memoryOf(cgroup), 'MiB')
  for (const peer of peers) {
    if (peer.memoryOf === undefined) continue
    try {
      const ids: string[] = []
      for (let i = 0; i < 5; i++) ids.push(await peer.create(peer.networks[0] ?? false))
      for (const id of ids) samples.add(metrics.memory, peer.name, await peer.memoryOf(id), 'MiB')
      for (const id of ids) await peer.remove(id)
    } catch (error) {
      samples.cannot(metrics.memory, peer.name, String(error))
    }
  }
}

/** Fills the node with live sandboxes, each with its network, and measures what the next one costs. */
export async function alive(
  samples: Samples,
  cloche: Cloche,
  stops: readonly number[],
  rounds: number,
): Promise<void> {
  const ids: string[] = []
  const before = availableMemory()
  try {
    for (const stop of stops) {
      while (ids.length < stop) ids.push((await cloche.claim({ cold: true })).id)
      const heldMiB = (before - availableMemory()) / 1024 ** 2 / ids.length
      if (stop >= 100) samples.add(metrics.fall, `Cloche, ${stop} alive`, heldMiB, 'MiB')
      // Each asks its gateway once, so that the kernel knows all of them as neighbours.
      for (const id of ids) await cloche.reachGateway(id)
      for (let round = 0; round < rounds; round++) {
        const { id } = await samples.time(metrics.alive, `Cloche, ${stop} alive`, () =>
          cloche.claim({ cold: true }),
        )
        const other = ids[Math.floor((round * ids.length) / rounds)] ?? id
        await samples.time(metrics.execAlive, `Cloche, ${stop} alive`, () => cloche.exec(other))
        await cloche.remove(id)
      }
    }
  } finally {
    for (const id of ids) await cloche.remove(id)
  }
}
