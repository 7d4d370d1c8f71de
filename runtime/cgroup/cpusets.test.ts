import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { Cpusets, cpusetOf } from './cpusets.js'
import { detectHierarchy } from './hierarchy.js'

describe('the processors of sandboxes', () => {
  const all = new Set(['a', 'b', 'c', 'd'])

  it('are shared anew when one ends, and nobody moves in vain', () => {
    const cpusets = new Cpusets([0, 1])
    for (const id of ['a', 'b', 'c', 'd']) cpusets.assign(id, 1)
    expect(cpusets.rebalance(all)).toEqual(new Map())
    cpusets.release('b')
    expect(cpusets.rebalance(all)).toEqual(new Map())
    cpusets.release('d')
    // a and c were both on 0.
    expect([...cpusets.rebalance(all).values()]).toEqual(['1'])
    expect(cpusets.rebalance(all)).toEqual(new Map())
  })

  it('stay those of a sandbox that may not be moved, and of one that uses them all', () => {
    const cpusets = new Cpusets([0, 1])
    cpusets.assign('a', 2)
    for (const id of ['b', 'c', 'd']) cpusets.assign(id, 1)
    cpusets.release('c')
    expect(cpusets.rebalance(new Set(['a']))).toEqual(new Map())
    expect([...cpusets.rebalance(all).keys()]).toHaveLength(1)
  })

  it('exchange one of several', () => {
    const cpusets = new Cpusets([0, 1, 2, 3])
    cpusets.adopt('a', '0,1', 2)
    cpusets.adopt('b', '1,2', 2)
    expect(cpusets.rebalance(new Set(['b']))).toEqual(new Map([['b', '2,3']]))
  })
})

describe('a sandbox beside others that end', () => {
  const hierarchy = detectHierarchy()
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('gets the processors that they leave', async () => {
    const tenantId = newId('tn')
    const quota = { cpus: 8, memoryMiB: 2048, diskMiB: 2048, pids: 1024, sandboxes: 8 }
    const ids: string[] = []
    for (let count = 0; count < 4; count++) ids.push((await instance.claim({ tenantId, quota })).id)
    const cpusOf = (id: string) => cpusetOf(hierarchy, instance.recordOf(id).cgroup)
    const [first] = ids.map(cpusOf)
    const same = ids.filter((id) => cpusOf(id) === first)
    // With more processors than sandboxes each has its own already.
    for (const id of ids.filter((one) => !same.includes(one)))
      await instance.call('DELETE', `/sandboxes/${id}`)
    expect(new Set(same.map(cpusOf)).size).toBe(same.length)
  })
})
