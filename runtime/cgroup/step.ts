import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { signal } from '../linux/process.js'
import {
  CgroupWriteError,
  type Controller,
  controllers,
  type Hierarchy,
  removeEmpty,
  writeValue,
} from './hierarchy.js'
import { applyLimits, type CgroupLimits } from './limits.js'
import { keyed } from './usage.js'

/** What the processes of one step used. */
export interface CgroupStats {
  /** User and system time of all of them, also of those that are gone. */
  readonly cpuUs: number
  /** With page cache and what the kernel holds for them. */
  readonly memoryPeakBytes: number
  readonly oomKills: number
  /** Times that a process or thread was refused at the limit. */
  readonly refusedForks: number
}

/**
 * The control group of one step of a run: what is born in it stays in it, is counted there and dies with it,
 * whatever it forks. It is its tenant's, whoever's the sandbox is.
 */
export class StepCgroup {
  readonly #trees: readonly string[]

  constructor(
    private readonly hierarchy: Hierarchy,
    readonly path: string,
    limits: CgroupLimits,
    device: string,
  ) {
    this.#trees = [...new Set(controllers.flatMap((name) => hierarchy.mountOf(name) ?? []))]
    for (const tree of this.#trees) mkdirSync(join(tree, path))
    applyLimits(hierarchy, path, limits, device)
  }

  /** Takes a process in. What it has used until now stays where it was counted. */
  enter(pid: number): void {
    for (const tree of this.#trees) writeValue(join(tree, this.path, 'cgroup.procs'), pid)
  }

  cpuUs(): number {
    return this.hierarchy.version === 2
      ? keyed(this.#read('cpu', 'cpu.stat'), 'usage_usec')
      : Number(this.#read('cpuacct', 'cpuacct.usage')) / 1000
  }

  stats(): CgroupStats {
    const two = this.hierarchy.version === 2
    const events = this.#read('memory', two ? 'memory.events' : 'memory.oom_control')
    return {
      cpuUs: Math.round(this.cpuUs()),
      memoryPeakBytes: Number(this.#read('memory', two ? 'memory.peak' : 'memory.max_usage_in_bytes')),
      oomKills: keyed(events, 'oom_kill'),
      refusedForks: keyed(this.#read('pids', 'pids.events'), 'max'),
    }
  }

  processes(): number[] {
    return this.#read('pids', 'cgroup.procs').split('\n').filter(Boolean).map(Number)
  }

  /** Kills until nobody is left, also while its tenant is paused. Nothing new is born meanwhile. */
  async kill(): Promise<void> {
    this.#write('pids', 'pids.max', 0)
    for (let tries = 0; ; tries++) {
      const left = this.processes()
      if (left.length === 0) return
      for (const pid of left) {
        signal(pid, 'SIGKILL')
        this.#thaw(pid)
      }
      await (tries < 20 ? nextTurn() : sleep(Math.min(tries, 50)))
    }
  }

  /**
   * In version 1 no frozen process dies. The freezer's root is never frozen; who comes there has been killed, so nothing
   * of it runs there.
   */
  #thaw(pid: number): void {
    const freezer = this.hierarchy.version === 1 ? this.hierarchy.mountOf('freezer') : undefined
    if (freezer === undefined) return
    try {
      writeValue(join(freezer, 'cgroup.procs'), pid)
    } catch (error) {
      if (!(error instanceof CgroupWriteError && error.code === 'ESRCH')) throw error
    }
  }

  /** Removes the empty group. The kernel takes a moment to forget processes that have just died. */
  async remove(): Promise<void> {
    let left = this.#trees
    for (let tries = 0; ; tries++) {
      left = left.filter((tree) => !removeEmpty(join(tree, this.path)))
      if (left.length === 0) return
      if (tries >= 400) throw new Error(`the control group ${this.path} still holds processes`)
      await sleep(5)
    }
  }

  #read(controller: Controller, file: string): string {
    const mount = this.hierarchy.mountOf(controller)
    return mount === undefined ? '' : readFileSync(join(mount, this.path, file), 'utf8')
  }

  #write(controller: Controller, file: string, value: number): void {
    const mount = this.hierarchy.mountOf(controller)
    if (mount !== undefined) writeValue(join(mount, this.path, file), value)
  }
}
