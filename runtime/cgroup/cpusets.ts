import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Hierarchy, writeValue } from './hierarchy.js'

/** Processors that were given to one sandbox, and how much it may use of each, in cores. */
interface Assigned {
  readonly cpus: readonly number[]
  readonly load: number
}

/** One processor of a sandbox in exchange for another. */
interface Move {
  readonly id: string
  readonly assigned: Assigned
  readonly from: number
  readonly to: number
  /** By how many cores the two processors' loads lie less apart. */
  readonly gain: number
}

/** A sandbox that moves finds the caches of its new processor cold: for less than this it stays. */
const worthCores = 0.25

/**
 * Which processors each sandbox runs on. Programs size their pools by the processors that they may use
 * (sched_getaffinity(2), `nproc`), and bandwidth alone shows them all of the host's: a sandbox of half a processor gets
 * one, a sandbox of 1.5 gets two, and always those on which the fewest cores are promised to others.
 */
export class Cpusets {
  readonly #assigned = new Map<string, Assigned>()

  /** @param online the processors that sandboxes may use */
  constructor(readonly online: readonly number[]) {}

  /** @returns the processors of `id`, as cgroups write them; undefined where sandboxes cannot have some of their own */
  assign(id: string, cores: number): string | undefined {
    if (this.online.length < 2) return undefined
    const count = Math.min(this.online.length, Math.max(1, Math.ceil(cores)))
    const before = this.#assigned.get(id)
    this.#assigned.delete(id)
    const cpus = before?.cpus.length === count ? before.cpus : this.#leastLoaded(count)
    this.#assigned.set(id, { cpus, load: cores / count })
    return formatCpus(cpus)
  }

  /** Takes up what an earlier runtime assigned. @param cpus as the cgroup has them */
  adopt(id: string, cpus: string, cores: number): void {
    const own = parseCpus(cpus)
    if (own.length > 0) this.#assigned.set(id, { cpus: own, load: cores / own.length })
  }

  release(id: string): void {
    this.#assigned.delete(id)
  }

  /**
   * Gives sandboxes other processors, as many as they had, where others have left some idle. To be called when one has
   * ended or its limits have changed.
   *
   * @param movable whose processors may be changed now
   * @returns what was given to whom, as cgroups write it
   */
  rebalance(movable: ReadonlySet<string>): Map<string, string> {
    const moved = new Map<string, string>()
    // Each step takes from the uneven; one for each sandbox is more than enough.
    for (let steps = this.#assigned.size; steps > 0; steps--) {
      const step = this.#bestMove(movable)
      if (step === undefined) break
      const { id, from, to, assigned } = step
      const cpus = assigned.cpus.map((cpu) => (cpu === from ? to : cpu)).sort((a, b) => a - b)
      this.#assigned.set(id, { ...assigned, cpus })
      moved.set(id, formatCpus(cpus))
    }
    return moved
  }

  /** The exchange of one processor for another that evens the load most; undefined when none is worth it. */
  #bestMove(movable: ReadonlySet<string>): Move | undefined {
    const loadOf = this.#loads()
    let best: Move | undefined
    for (const [id, assigned] of this.#assigned) {
      if (!movable.has(id)) continue
      for (const from of assigned.cpus) {
        for (const to of this.online) {
          if (assigned.cpus.includes(to)) continue
          const gain = loadOf(from) - loadOf(to) - assigned.load
          if (gain >= (best?.gain ?? worthCores)) best = { id, assigned, from, to, gain }
        }
      }
    }
    return best
  }

  /** How many cores are promised on each processor. */
  #loads(): (cpu: number) => number {
    const load = new Map(this.online.map((cpu) => [cpu, 0]))
    for (const assigned of this.#assigned.values()) {
      for (const cpu of assigned.cpus) load.set(cpu, (load.get(cpu) ?? 0) + assigned.load)
    }
    return (cpu) => load.get(cpu) ?? 0
  }

  #leastLoaded(count: number): number[] {
    const loadOf = this.#loads()
    return [...this.online]
      .sort((a, b) => loadOf(a) - loadOf(b) || a - b)
      .slice(0, count)
      .sort((a, b) => a - b)
  }
}

/** Puts the processes of a cgroup on other processors. */
export function pin(hierarchy: Hierarchy, path: string, cpus: string): void {
  const mount = hierarchy.mountOf('cpuset')
  if (mount !== undefined) writeValue(join(mount, path, 'cpuset.cpus'), cpus)
}

/** The processors that cgroups below `root` may use; none where there is no such controller. */
export function onlineCpus(hierarchy: Hierarchy, root: string): number[] {
  const text = cpusetOf(hierarchy, root)
  return text === undefined ? [] : parseCpus(text)
}

/** The processors of a cgroup, as the kernel writes them. */
export function cpusetOf(hierarchy: Hierarchy, path: string): string | undefined {
  const directory = join(hierarchy.mountOf('cpuset') ?? '/nonexistent', path)
  const file = ['cpuset.cpus.effective', 'cpuset.effective_cpus']
    .map((name) => join(directory, name))
    .find(existsSync)
  return file && readFileSync(file, 'utf8').trim()
}

/** `0-2,5` as numbers. @see cpuset(7), List format */
export function parseCpus(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
}

const formatCpus = (cpus: readonly number[]) => cpus.join(',')
