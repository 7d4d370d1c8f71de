import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CgroupWriteError, type Hierarchy, makeLeaf, writeValue } from '../cgroup/hierarchy.js'
import { applyLimits } from '../cgroup/limits.js'
import { umountDetach } from '../linux/libc.js'
import { signal, startTime } from '../linux/process.js'

/**
 * The daemon's work for a tenant who reads and reads is charged to nobody: it is bounded here, for all of them. A
 * megabyte is what it needs at rest; each open file costs it some kilobytes.
 */
const limits = { cpus: 0.5, memoryMiB: 128, pids: 64 }
/** It needs 50 ms; on a busy machine more. */
const startMs = 10_000

/** The lxcfs of this instance. It outlives the runtime, as sandboxes do, or their files would be gone with it. */
export class Lxcfs {
  readonly root: string
  readonly #pidFile: string

  /** @param run the instance's run directory */
  constructor(
    run: string,
    private readonly hierarchy: Hierarchy,
    private readonly cgroup: string,
    /** `major:minor` of the sandboxes' disk, which it never uses. */
    private readonly device: string,
  ) {
    this.root = join(run, 'lxcfs')
    this.#pidFile = join(run, 'lxcfs.pid')
  }

  /** Whether the daemon answers in time. @returns what is wrong, or null */
  async problem(withinMs: number): Promise<string | null> {
    if (this.pid === undefined) return 'lxcfs is not running'
    const late = sleep(withinMs, 'late')
    const read = readFile(join(this.root, 'proc/uptime'), 'utf8').then(
      (text) => (text === '' ? 'lxcfs does not answer' : null),
      () => 'lxcfs does not answer',
    )
    const answer = await Promise.race([read, late])
    return answer === 'late' ? `lxcfs has not answered for ${withinMs / 1000} s` : answer
  }

  /** Of the daemon that is recorded and alive. */
  get pid(): number | undefined {
    try {
      const { pid, began } = JSON.parse(readFileSync(this.#pidFile, 'utf8'))
      return startTime(pid) === began && readlinkSync(`/proc/${pid}/exe`).includes('lxcfs') ? pid : undefined
    } catch {
      return undefined // none was started, or it is gone
    }
  }

  /** @throws with the reason when it does not come up */
  async start(): Promise<void> {
    mkdirSync(this.root, { recursive: true, mode: 0o755 })
    makeLeaf(this.hierarchy, this.cgroup)
    applyLimits(this.hierarchy, this.cgroup, limits, this.device)
    const log = openSync(`${this.root}.log`, 'w', 0o600)
    const own = join(this.root, '..', 'lxcfs-own.pid')
    const child = spawn(
      'lxcfs',
      ['--foreground', '--enable-loadavg', '--enable-cfs', `--pidfile=${own}`, this.root],
      {
        // A group of its own, so that what ends the runtime does not end it.
        ...{ detached: true, stdio: ['ignore', log, log] },
      },
    )
    closeSync(log)
    const failed = new Promise<string>((resolve) => {
      child.once('error', () => resolve('lxcfs (the package lxcfs) is not installed on this host'))
      child.once('exit', (code, name) => resolve(`lxcfs ended with ${code ?? name}: ${this.#lastWords()}`))
    })
    const { pid } = child
    if (pid === undefined) throw new Error(await failed)
    child.unref()
    const began = startTime(pid)
    writeFileSync(this.#pidFile, JSON.stringify({ pid, began }), { mode: 0o600 })
    for (const mount of this.hierarchy.mounts) {
      try {
        writeValue(join(mount, this.cgroup, 'cgroup.procs'), pid)
      } catch (error) {
        // It has ended, and says why below.
        if (!(error instanceof CgroupWriteError && error.code === 'ESRCH')) throw error
      }
    }
    for (const deadline = performance.now() + startMs; ; ) {
      const end = await Promise.race([failed, sleep(20, undefined)])
      if (end !== undefined) throw new Error(end)
      if ((await this.problem(startMs)) === null) return
      if (performance.now() > deadline) throw new Error(`lxcfs does not answer after ${startMs / 1000} s`)
    }
  }

  /** Ends the daemon, whatever it is doing; whoever waits for it gets an error at once. */
  async stop(): Promise<void> {
    const { pid } = this
    if (pid !== undefined) {
      signal(pid, 'SIGKILL')
      while (startTime(pid) !== undefined) await sleep(5)
    }
    rmSync(this.#pidFile, { force: true })
    for (;;) {
      try {
        umountDetach(this.root)
      } catch {
        return // EINVAL or ENOENT: nothing is mounted there (any more)
      }
    }
  }

  #lastWords(): string {
    return readFileSync(`${this.root}.log`, 'utf8').trim().split('\n').at(-1) ?? ''
  }
}
