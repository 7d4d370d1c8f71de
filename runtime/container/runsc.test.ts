import { afterAll, beforeAll, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance, testQuota } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

let namespace: AsyncDisposable
let instance: Instance

beforeAll(async () => {
  namespace = await lonelyNamespace()
  instance = await startInstance(testInstance, { isolation: 'hardened' })
})
afterAll(async () => {
  await instance[Symbol.asyncDispose]()
  await namespace[Symbol.asyncDispose]()
})

it('tells a hardened sandbox from one whose number begins with its number', async () => {
  // As wide as it takes: each sandbox has the next number.
  const quota = { ...testQuota, cpus: 64, memoryMiB: 16_384, pids: 8192, diskMiB: 16_384, sandboxes: 64 }
  const claim = async () => {
    const { id } = await instance.claim({ tenantId, quota, isolation: 'hardened' })
    return { id, number: String(instance.recordOf(id).index) }
  }
  const tenantId = newId('tn')
  let first = await claim()
  while (first.number === '0') first = await claim() // no other begins with it
  for (let last = first.number; Number(last) < Number(first.number) * 10 - 1; ) {
    last = (await claim()).number
  }
  const second = await claim()
  expect(second.number.startsWith(first.number) && second.number !== first.number).toBe(true)
  for (const { id } of [first, second]) {
    expect(await instance.exec(id, 'echo well')).toMatchObject({ status: 200, stdout: 'well\n' })
  }
  expect((await instance.call('DELETE', `/sandboxes/${second.id}`)).status).toBe(204)
  expect(await instance.exec(first.id, 'echo well')).toMatchObject({ status: 200, stdout: 'well\n' })
})
