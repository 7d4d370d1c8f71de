import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Incident } from '../../protocol/api/index.js'
import { runtimeSandbox } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance, testLimits, testQuota } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('what happens in a sandbox', () => {
  let cloche: Instance
  let namespace: AsyncDisposable

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const claim = () => cloche.claim({ limits: testLimits, quota: testQuota })
  const incidentsOf = async (id: string): Promise<readonly Incident[]> =>
    runtimeSandbox.parse(JSON.parse((await cloche.call('GET', `/sandboxes/${id}`)).text)).incidents
  const told = (id: string, what: Partial<Incident>) =>
    expect
      .poll(() => incidentsOf(id), { timeout: 20_000, interval: 200 })
      .toEqual(expect.arrayContaining([expect.objectContaining(what)]))

  it('is told: the process that the kernel ended at the memory limit, by the name that it gave itself', async () => {
    const [hungry, neighbour] = [await claim(), await claim()]
    expect(await incidentsOf(hungry.id)).toEqual([])
    await cloche.exec(hungry.id, `cp /bin/sh '/tmp/x,task=<b>'; python3 -c "x = bytearray(1 << 30)"; true`)
    await told(hungry.id, { kind: 'oom_kill', process: 'python3', count: 1 })
    await cloche.exec(hungry.id, `'/tmp/x,task=<b>' -c 'x=$(head -c 1G /dev/zero | tr "\\0" x)'; true`)
    await told(hungry.id, { kind: 'oom_kill', process: 'x,task=<b>' })
    expect(await incidentsOf(neighbour.id)).toEqual([])
  })

  it('is told: a host that is not on the allowlist, the last one by its name', async () => {
    const network = { allow: ['example.org'] }
    const { id } = await cloche.claim({ limits: testLimits, quota: testQuota, network })
    expect(await incidentsOf(id)).toEqual([])
    await cloche.exec(id, 'getent hosts example.org localhost "$(hostname)"; true')
    await cloche.exec(id, 'getent hosts first.example.net; true')
    await told(id, { kind: 'network_denied', host: 'first.example.net', process: null })
    await cloche.exec(id, 'getent hosts Second.example.net; true')
    await told(id, { kind: 'network_denied', host: 'second.example.net' })
    expect(await incidentsOf(id)).toHaveLength(1)
  })

  it('is told: processes that were refused, and a disk that is full', async () => {
    const { id } = await claim()
    expect(await incidentsOf(id)).toEqual([])
    await cloche.exec(id, 'cat /dev/urandom > full; sync; true')
    await told(id, { kind: 'disk_full', count: 1 })
    await cloche.exec(id, 'for n in $(seq 80); do sleep 30 & done; true')
    await told(id, { kind: 'pids_limit', process: null })
    expect(await incidentsOf(id)).toHaveLength(2)
  })
})
