import { closeSync, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { newId, type RunFile, type StepLimits } from '../../protocol/api/index.js'
import type { Claim, RuntimeRun } from '../../protocol/node/index.js'
import { StepCgroup } from '../cgroup/step.js'
import { RuntimeRefusal } from '../errors.js'
import { codeOf, refusing } from '../files/refusal.js'
import type { FilesRoot } from '../files/root.js'
import { writeFile } from '../files/write.js'
import { fallocate } from '../linux/libc.js'
import { isExiting, startTime } from '../linux/process.js'
import { runMemoryMiB } from '../pool/key.js'
import { hasOwnRoom } from '../rootfs/quota.js'
import { filesOf } from '../sandbox/files.js'
import * as lifecycle from '../sandbox/lifecycle.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'
import type { RunSandboxes } from '../sandbox/run-sandboxes.js'
import type { Tenants } from '../sandbox/tenants.js'
import { AttemptLost } from './lost.js'

/** Of the sandbox's first process and staged execs that wait: programs are in groups of their own. */
const ownPids = 32
/** A disk with less room than this is full. */
const roomBytes = 256 * 1024

/** Where runs find their sandboxes. */
export interface RunDependencies {
  readonly node: NodeContext
  readonly runSandboxes: RunSandboxes
  readonly tenants: Tenants
}

/** What a sandbox of a run is made of. */
export type RunSandboxRequest = Pick<
  RuntimeRun,
  'id' | 'tenantId' | 'quota' | 'template' | 'cpus' | 'diskMiB' | 'network' | 'env' | 'files'
>

/** A fresh sandbox with a run's files in it. */
export class RunSandbox {
  #programs = 0

  private constructor(
    private readonly dependencies: RunDependencies,
    readonly run: RunSandboxRequest,
    readonly sandbox: SandboxRecord,
    /** Its programs' control groups begin so. */
    private readonly groups: string,
  ) {}

  /** From the pool, with the request's files. */
  static async open(
    dependencies: RunDependencies,
    run: RunSandboxRequest,
    number: number,
  ): Promise<RunSandbox> {
    const { sandbox, home } = await dependencies.runSandboxes.acquire(claimOf(run))
    const runSandbox = new RunSandbox(dependencies, run, sandbox, join(home, `${run.id}-${number}`))
    try {
      using root = runSandbox.files()
      for (const file of run.files) await runSandbox.#place(root, file)
      return runSandbox
    } catch (error) {
      await runSandbox.close()
      throw error
    }
  }

  /** Made on what another sandbox has written, which is never written again. */
  static async openOn(
    dependencies: RunDependencies,
    run: RunSandboxRequest,
    number: number,
    below: SandboxRecord,
  ): Promise<RunSandbox> {
    const { sandbox, home } = await dependencies.runSandboxes.acquire(claimOf(run), below.id)
    return new RunSandbox(dependencies, run, sandbox, join(home, `${run.id}-${number}`))
  }

  files(): FilesRoot {
    return filesOf(this.dependencies.node, this.sandbox)
  }

  /** A control group for the next program of this sandbox, with processors of its own as a sandbox has them. */
  group(limits: StepLimits): StepCgroup {
    const { node, tenants } = this.dependencies
    const { memoryMiB, pids } = limits
    const { tenantId, cpus, diskMiB } = this.run
    const path = `${this.groups}-${this.#programs++}`
    const cpuset = node.cpusets.assign(path, cpus)
    try {
      const bounds = { ...tenants.bounds(tenantId, { cpus, memoryMiB, pids, diskMiB }), cpuset }
      return new StepCgroup(node.hierarchy, path, bounds, node.device)
    } catch (error) {
      node.cpusets.release(path)
      throw error
    }
  }

  /** Removes what `group` has made, once nothing runs in it. Nobody waits for it. */
  removeGroup(group: StepCgroup): void {
    const { node } = this.dependencies
    node.cpusets.release(group.path)
    group.remove().catch((error: unknown) => {
      node.log.warn({ error, run: this.run.id }, 'a control group stays')
    })
  }

  /** Whether the disk has no room left, shown by asking for some. */
  diskIsFull(): boolean {
    using root = this.files()
    using top = root.directory('/')
    const probe = top.path(`.${newId('probe')}`)
    try {
      const file = openSync(probe, 'wx', 0o600)
      try {
        fallocate(file, roomBytes)
      } finally {
        closeSync(file)
        unlinkSync(probe)
      }
      return false
    } catch (error) {
      if (isFull(error) && !this.#hasOwnRoom(roomBytes)) return true
      throw this.#asLost(error)
    }
  }

  /**
   * To be called when a program did not end well.
   * @throws AttemptLost when its sandbox is at its end: then that has killed the program
   */
  assertAlive(): void {
    const { init } = this.sandbox
    if (init !== null && startTime(init.pid) === init.startTime && !isExiting(init.pid)) return
    throw new AttemptLost('the sandbox of the run ended before its program did')
  }

  #place(root: FilesRoot, file: RunFile): Promise<void> {
    return this.write(root, file.path, Buffer.from(file.content, file.encoding), file.executable)
  }

  /**
   * Writes a file in place of one that may be there.
   * @throws RuntimeRefusal `invalid_request` when it does not fit, AttemptLost
   */
  async write(root: FilesRoot, path: string, content: Buffer, executable = false): Promise<void> {
    const mode = executable ? 0o755 : 0o644
    try {
      await refusing(path, () =>
        writeFile(root, path, content, mode).catch((error: unknown) => {
          throw this.#asLost(error, content.length)
        }),
      )
    } catch (error) {
      if (!(error instanceof RuntimeRefusal)) throw error
      const full = `they do not fit into the ${this.run.diskMiB} MiB of diskMiB`
      throw new RuntimeRefusal(
        'invalid_request',
        `files: ${error.code === 'disk_full' ? full : error.message}`,
      )
    }
  }

  /** What the kernel refuses on the disk although the sandbox has room there is the node's fault. */
  #asLost(error: unknown, bytes = roomBytes): unknown {
    const code = codeOf(error) ?? ''
    if (isFull(error)) {
      return this.#hasOwnRoom(bytes) ? new AttemptLost('the disk of the node is full') : error
    }
    return ['EROFS', 'EIO'].includes(code) ? new AttemptLost('the disk of the node cannot be written') : error
  }

  #hasOwnRoom(bytes: number): boolean {
    return (
      this.sandbox.volumeId === null || hasOwnRoom(this.dependencies.node.disk, this.sandbox.volumeId, bytes)
    )
  }

  /** Ends what runs in it, and keeps its disk for `openOn`. */
  freeze(): Promise<void> {
    return lifecycle.halt(this.dependencies.node, this.sandbox)
  }

  /** Destroys the sandbox. */
  close(): Promise<void> {
    return this.dependencies.runSandboxes.release(this.sandbox)
  }
}

const isFull = (error: unknown) => ['EDQUOT', 'ENOSPC'].includes(codeOf(error) ?? '')

function claimOf(run: RunSandboxRequest): Claim {
  const { tenantId, quota, template, cpus, diskMiB, network, env } = run
  const limits = { cpus, memoryMiB: runMemoryMiB, diskMiB, pids: ownPids }
  return { tenantId, quota, template, limits, network, env, isolation: 'standard', hostname: 'run' }
}
