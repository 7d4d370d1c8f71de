import { closeSync, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Claim, newId, type RunFile, type RuntimeRun, type StepLimits } from '../../protocol/index.js'
import { StepGroup } from '../cgroup/step.js'
import { codeOf, refusing } from '../files/refusal.js'
import type { FilesRoot } from '../files/root.js'
import { writeFile } from '../files/write.js'
import { fallocate } from '../linux/libc.js'
import { runMemoryMiB } from '../pool/key.js'
import { filesOf } from '../sandbox/files.js'
import type { Lent } from '../sandbox/lent.js'
import * as life from '../sandbox/life.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Record } from '../sandbox/record.js'
import type { Tenants } from '../sandbox/tenants.js'

/** Of the sandbox's first process and gates that wait: programs are in groups of their own. */
const ownPids = 32
/** A disk with less room than this is full. */
const roomBytes = 256 * 1024

/** Where runs find their sandboxes. */
export interface Theatre {
  readonly node: NodeContext
  readonly lent: Lent
  readonly tenants: Tenants
}

/** A fresh sandbox with a run's files in it. */
export class Stage {
  #programs = 0

  private constructor(
    private readonly theatre: Theatre,
    readonly run: RuntimeRun,
    readonly box: Record,
    /** Its programs' control groups begin so. */
    private readonly groups: string,
  ) {}

  /** From the pool, with the request's files. */
  static async open(theatre: Theatre, run: RuntimeRun, number: number): Promise<Stage> {
    const { box, home } = await theatre.lent.lend(claimOf(run))
    const stage = new Stage(theatre, run, box, join(home, `${run.id}-${number}`))
    try {
      using root = stage.files()
      for (const file of run.files) await place(root, file)
      return stage
    } catch (error) {
      await stage.close()
      throw error
    }
  }

  /** Made on what another sandbox has written, which is never written again. */
  static async openOn(theatre: Theatre, run: RuntimeRun, number: number, below: Record): Promise<Stage> {
    const { box, home } = await theatre.lent.lend(claimOf(run), below.id)
    return new Stage(theatre, run, box, join(home, `${run.id}-${number}`))
  }

  files(): FilesRoot {
    return filesOf(this.theatre.node, this.box)
  }

  /** A control group for the next program of this sandbox. */
  group(limits: StepLimits): StepGroup {
    const { node, tenants } = this.theatre
    const { memoryMiB, pids } = limits
    const { tenantId, cpus, diskMiB } = this.run
    const bounds = tenants.bounds(tenantId, { cpus, memoryMiB, pids, diskMiB })
    return new StepGroup(node.hierarchy, `${this.groups}-${this.#programs++}`, bounds, node.device)
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
      if (['EDQUOT', 'ENOSPC'].includes(codeOf(error) ?? '')) return true
      throw error
    }
  }

  /** Ends what runs in it, and keeps its disk for `openOn`. */
  freeze(): Promise<void> {
    return life.halt(this.theatre.node, this.box)
  }

  /** Destroys the sandbox. */
  close(): Promise<void> {
    return this.theatre.lent.giveBack(this.box)
  }
}

async function place(root: FilesRoot, file: RunFile): Promise<void> {
  const content = Buffer.from(file.content, file.encoding)
  const mode = file.executable ? 0o755 : 0o644
  await refusing(file.path, () => writeFile(root, file.path, content, mode))
}

function claimOf(run: RuntimeRun): Claim {
  const { tenantId, quota, template, cpus, diskMiB, network, env } = run
  const limits = { cpus, memoryMiB: runMemoryMiB, diskMiB, pids: ownPids }
  return { tenantId, quota, template, limits, network, env, isolation: 'standard', hostname: 'run' }
}
