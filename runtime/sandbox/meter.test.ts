import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detectHierarchy, makeLeaf, removeCgroup } from '../cgroup/hierarchy.js'
import { settleHybrid } from '../cgroup/hybrid.js'
import { readSmall } from '../cgroup/usage.js'
import { takeSlot } from '../linux/slot.js'
import { deviceOf } from '../rootfs/disk.js'
import { type Laboratory, openLaboratory, testInstance } from '../testing/kernel.js'
import { Meter } from './meter.js'
import { freshRecord, type SandboxRecord } from './record.js'

const root = `/${testInstance}meter`
const limits = { cpus: 1, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('a pass over the usage of many sandboxes', () => {
  let hierarchy = detectHierarchy()
  let lab: Laboratory
  let device: string
  const registry = mkdtempSync(join(tmpdir(), 'cloche-slots-'))

  beforeAll(async () => {
    await settleHybrid()
    hierarchy = detectHierarchy()
    lab = await openLaboratory()
    device = await deviceOf(lab.disk)
  })
  afterAll(async () => {
    await removeCgroup(hierarchy, root)
    await lab[Symbol.asyncDispose]()
    rmSync(registry, { recursive: true })
  })

  /** Sandboxes that are alive, as far as their control groups tell. */
  const boxes = (count: number): SandboxRecord[] =>
    Array.from({ length: count }, (_, index) => {
      const cgroup = join(root, String(index))
      makeLeaf(hierarchy, cgroup)
      const whose = {
        sandboxId: `sb${index}`,
        tenantId: 'tn1',
        purpose: 'sandbox',
        template: 'base',
      } as const
      const plain = { limits, network: 'none', isolation: 'standard', env: {}, hostname: 'box' } as const
      const init = { pid: process.pid, startTime: 0 }
      return { ...freshRecord(index, { ...whose, ...plain, layers: [], cgroup }), init }
    })

  /** How many files one pass reads, and how many without letting other work have its turn. */
  const pass = async (count: number) => {
    const seen = { files: 0, inTurn: 0, mostInTurn: 0, done: false }
    const read = (file: string) => {
      seen.files++
      seen.inTurn++
      seen.mostInTurn = Math.max(seen.mostInTurn, seen.inTurn)
      return readSmall(file)
    }
    const turn = () => {
      seen.inTurn = 0
      if (!seen.done) setImmediate(turn)
    }
    turn()
    const slot = takeSlot(testInstance, registry)
    const usages = await new Meter({ slot, hierarchy, device, disk: lab.disk }, read).readAll(boxes(count))
    seen.done = true
    expect(usages).toHaveLength(count)
    return seen
  }

  it('reads as many files for each of them, however many there are, and what they share once', async () => {
    const [one, two, hundred] = [await pass(1), await pass(2), await pass(100)]
    const each = two.files - one.files
    expect(each).toBeGreaterThan(4)
    expect([one.files, hundred.files]).toEqual([each + 1, 100 * each + 1])
  })

  it('lets other work have its turn after every few of them', async () => {
    const [sixteen, many] = [await pass(16), await pass(200)]
    expect(many.mostInTurn).toBeLessThanOrEqual(sixteen.files)
  })
})
