import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keptSchedule, type PoolStatus, poolsStatus } from '../../protocol/api/index.js'
import { startTime } from '../linux/process.js'
import { readRecords } from '../sandbox/record.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance, testLimits } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const lesson = {
  ...{ template: 'base', count: 10, at: '09:00', days: ['monday'], timeZone: 'Europe/Berlin' },
}

describe('the pools', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const describePools = async () => poolsStatus.parse(JSON.parse((await cloche.call('GET', '/pools')).text))
  const pool = async (template: string, memoryMiB = 128) =>
    (await describePools()).pools.find((one) => one.template === template && one.memoryMiB === memoryMiB)
  const until = async (template: string, fits: (pool: PoolStatus) => boolean, memoryMiB = 128) => {
    for (let tries = 0; tries < 800; tries++) {
      const found = await pool(template, memoryMiB)
      if (found !== undefined && fits(found)) return found
      await sleep(25)
    }
    throw new Error(`the pool of ${template} stays ${JSON.stringify(await pool(template, memoryMiB))}`)
  }
  const pooled = () =>
    readRecords(join(cloche.home, 'boxes')).records.filter((sandbox) => sandbox.sandboxId === null)
  const addTemplate = async (name: string, layers: string[]) => {
    const about = { name, description: 'test', layers, defaults: testLimits, isolation: ['standard'] }
    const text = JSON.stringify({ ...about, builtAt: new Date().toISOString() })
    writeFileSync(join(cloche.disk, 'templates', `${name}.json`), text)
    await cloche.call('POST', '/templates/reload')
  }
  const removeTemplate = async (name: string) => {
    rmSync(join(cloche.disk, 'templates', `${name}.json`))
    await cloche.call('POST', '/templates/reload')
  }
  const remove = (id: string) => cloche.call('DELETE', `/sandboxes/${id}`)

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, {
      poolSize: 1,
      env: { CLOCHE_POOL_SANDBOXES: '12', CLOCHE_POOL_MEMORY_MIB: '100' },
    })
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('keep what is always ready, and hand it out within its own limits', async () => {
    await until('base', ({ ready }) => ready >= 1)
    const sandbox = await cloche.claim({ limits: { ...testLimits, memoryMiB: 200, pids: 32 } })
    expect(sandbox.warm).toBe(true)
    expect((await cloche.exec(sandbox.id, 'df --output=size -BM /dev/shm | tail -1')).stdout.trim()).toBe(
      '64M',
    )
    expect((await pool('base'))?.hits).toBe(1)
    await remove(sandbox.id)
  })

  it('learn what is asked for: another size misses once, and is ready from then on', async () => {
    const limits = { ...testLimits, memoryMiB: 300 }
    const first = await cloche.claim({ limits })
    expect(first.warm).toBe(false)
    const learnt = await until('base', ({ ready }) => ready >= 1, 256)
    expect(learnt).toMatchObject({ misses: 1, hits: 0, wait: { count: 1 } })
    const second = await cloche.claim({ limits })
    expect(second.warm).toBe(true)
    expect((await cloche.exec(second.id, 'df --output=size -BM /dev/shm | tail -1')).stdout.trim()).toBe(
      '128M',
    )
    for (const { id } of [first, second]) await remove(id)
  })

  it('never hand out a dead one', async () => {
    await until('base', ({ ready, target, creating }) => ready >= target && creating === 0)
    for (const { init } of pooled()) {
      if (init === null) continue
      process.kill(init.pid, 'SIGKILL')
      while (startTime(init.pid) === init.startTime) await sleep(1)
    }
    const sandbox = await cloche.claim()
    expect((await cloche.exec(sandbox.id, 'echo alive')).stdout).toBe('alive\n')
    await until('base', ({ discardedTotal }) => discardedTotal.dead > 0)
    await remove(sandbox.id)
  })

  it('warm ahead what is asked for, once: what is claimed meanwhile is not made again', async () => {
    const asked = await cloche.call('POST', '/pools/warm', { template: 'base', count: 6 })
    expect(asked.status).toBe(201)
    expect(await until('base', ({ ready }) => ready >= 6)).toMatchObject({ asked: 6, target: 6 })
    const boxes = await Promise.all(Array.from({ length: 4 }, () => cloche.claim()))
    expect(boxes.map(({ warm }) => warm)).toEqual([true, true, true, true])
    expect((await pool('base'))?.asked).toBe(2)
    const { id } = JSON.parse(asked.text)
    expect((await cloche.call('DELETE', `/pools/warm/${id}`)).status).toBe(204)
    expect((await describePools()).warm).toEqual([])
    for (const sandbox of boxes) await remove(sandbox.id)
  })

  it('back off from a template that cannot start, say why, and fill the others', async () => {
    await addTemplate('broken', ['missinglayer'])
    const failed = await until('broken', ({ failure }) => failure !== null)
    expect(failed.failure).toMatch(/missinglayer/)
    expect(failed.retryAt).not.toBeNull()
    await until('base', ({ ready, target }) => target > 0 && ready >= target)
    const sandbox = await cloche.claim()
    expect(sandbox.warm).toBe(true)
    await remove(sandbox.id)
    await removeTemplate('broken')
  })

  it('replace those whose template was built anew', async () => {
    mkdirSync(join(cloche.disk, 'layers', 'anotherlayer'))
    writeFileSync(join(cloche.disk, 'layers', 'anotherlayer', 'new'), 'built anew\n')
    await addTemplate('base', ['baselayer', 'anotherlayer'])
    const sandbox = await cloche.claim()
    expect((await cloche.exec(sandbox.id, 'cat /new')).stdout).toBe('built anew\n')
    await until('base', ({ discardedTotal }) => discardedTotal.rebuilt > 0)
    await remove(sandbox.id)
  })

  it.each([
    [
      'beyond the budget',
      'PUT',
      'schedules/big',
      { ...lesson, count: 12 },
      422,
      /12 \(big at 09:00\) \+ 1 \(always ready: base\) = 13/,
    ],
    [
      'beyond the budget',
      'POST',
      'warm',
      { template: 'base', count: 30 },
      422,
      /30 \(this request\) \+ .* = \d+ sandboxes/,
    ],
    ['malformed', 'PUT', 'schedules/odd', { ...lesson, at: 'nine' }, 400, /time of day/],
    ['malformed', 'PUT', 'schedules/ODD', lesson, 400, /name of a schedule/],
    ['malformed', 'POST', 'warm', { template: 'base', count: -1 }, 400, /count/],
    ['of no template', 'POST', 'warm', { template: 'nope', count: 1 }, 422, /no standard template nope/],
    [
      'of no isolation',
      'POST',
      'warm',
      { template: 'base', count: 1, isolation: 'hardened' },
      422,
      /hardened/,
    ],
  ])('refuse a wish that is %s: %s %s', async (_, method, path, body, status, words) => {
    const answer = await cloche.call(method, `/pools/${path}`, body)
    expect(answer.status).toBe(status)
    expect(refusalOf(answer).message).toMatch(words)
  })

  it('keep schedules across a restart, refuse what overlaps, and forget what is taken back', async () => {
    const put = (name: string, over: object = {}) =>
      cloche.call('PUT', `/pools/schedules/${name}`, { ...lesson, ...over })
    const created = await put('morning')
    expect(created.status).toBe(201)
    expect(keptSchedule.parse(JSON.parse(created.text)).nextAt).toMatch(/T0[78]:00:00/)
    expect((await put('morning', { count: 9 })).status).toBe(200)
    const overlapping = await put('again', { count: 1, at: '09:59' })
    expect(overlapping.status).toBe(409)
    expect(refusalOf(overlapping).message).toMatch(/again overlaps morning.*1 \+ 9 = 10/)
    await cloche.restart()
    expect((await describePools()).schedules).toMatchObject([{ name: 'morning', count: 9 }])
    expect((await cloche.call('DELETE', '/pools/schedules/morning')).status).toBe(204)
    expect((await describePools()).schedules).toEqual([])
  })

  it('give back what nobody wants any more', async () => {
    await cloche.call('POST', '/pools/warm', { template: 'base', count: 5, memoryMiB: 512 })
    await until('base', ({ ready }) => ready >= 5, 512)
    for (const { id } of (await describePools()).warm) await cloche.call('DELETE', `/pools/warm/${id}`)
    expect(await until('base', ({ ready }) => ready === 0, 512)).toMatchObject({
      discardedTotal: { idle: 5 },
    })
  })
})
