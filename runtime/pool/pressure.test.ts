import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, type PoolStatus, poolsStatus } from '../../protocol/api/index.js'
import { claimOf, type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('the pools under pressure', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const pool = async (purpose: PoolStatus['purpose'] = 'sandbox') => {
    const { pools } = poolsStatus.parse(JSON.parse((await cloche.call('GET', '/pools')).text))
    return pools.find((one) => one.template === 'base' && one.purpose === purpose)
  }
  const until = async (fits: (pool: PoolStatus) => boolean, purpose?: PoolStatus['purpose']) => {
    for (let tries = 0; tries < 800; tries++) {
      const found = await pool(purpose)
      if (found !== undefined && fits(found)) return found
      await sleep(25)
    }
    throw new Error(`the pool stays ${JSON.stringify(await pool(purpose))}`)
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, { poolSize: 4, poolRuns: 1 })
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('make nothing while a burst is being served, and all of it afterwards', async () => {
    const before = await until(({ ready }) => ready === 4)
    const boxes = await Promise.all([1, 2, 3, 4].map(() => cloche.claim()))
    expect(boxes.map(({ warm }) => warm)).toEqual([true, true, true, true])
    expect(await pool()).toMatchObject({ ready: 0, creating: 0, madeTotal: before.madeTotal })
    await until(({ ready }) => ready === 4)
    await Promise.all(boxes.map(({ id }) => cloche.call('DELETE', `/sandboxes/${id}`)))
  })

  it('make those for runs anew when the runtime starts again: whoever would open their gates is gone', async () => {
    await until(({ ready }) => ready === 1, 'run')
    await cloche.restart()
    expect(await until(({ ready }) => ready === 1, 'run')).toMatchObject({ madeTotal: 1 })
    expect(await until(({ ready }) => ready === 4)).toMatchObject({ madeTotal: 0 })
  })

  it('replace what is too old', async () => {
    await cloche.restart({ CLOCHE_POOL_MAX_AGE_SECONDS: '1' })
    await until(({ discardedTotal, madeTotal }) => discardedTotal.age >= 4 && madeTotal >= 4)
    await cloche.restart()
    await until(({ ready }) => ready === 4)
  })

  it('give theirs back when memory is short, and whoever claims then is told at once', async () => {
    await cloche.restart({ CLOCHE_MEMORY_RESERVE_MIB: '100000000' })
    const before = readdirSync(join(cloche.home, 'boxes')).length
    const refused = await cloche.call('PUT', `/sandboxes/${newId('sb')}`, claimOf())
    expect(refused.status).toBe(503)
    expect(refusalOf(refused)).toMatchObject({ code: 'node_full' })
    expect(refusalOf(refused).message).toMatch(/MiB of memory left, less than the 100000000 MiB/)
    expect(readdirSync(join(cloche.home, 'boxes')).length).toBeLessThanOrEqual(before)
    expect(await until(({ ready }) => ready === 0)).toMatchObject({ discardedTotal: { memory: 4 } })
  })
})
