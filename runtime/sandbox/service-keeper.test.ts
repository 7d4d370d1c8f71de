import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, type ServiceStatus } from '../../protocol/api/index.js'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const sh = (script: string) => ['/bin/sh', '-c', script]
const waits = { wanted: false, user: 'user', restart: 'no' }
const goes = { ...waits, wanted: true }
const quick = { intervalSeconds: 1, timeoutSeconds: 5, startPeriodSeconds: 0, retries: 2 }

describe('the service of a sandbox', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const read = async ({ id }: RuntimeSandbox) =>
    runtimeSandbox.parse(JSON.parse((await cloche.call('GET', `/sandboxes/${id}`)).text)).service
  const until = async (of: RuntimeSandbox, holds: (status: ServiceStatus) => boolean) => {
    for (let tries = 0; tries < 400; tries++) {
      const status = await read(of)
      if (status !== null && holds(status)) return status
      await sleep(50)
    }
    throw new Error(`it stays ${JSON.stringify(await read(of))}`)
  }
  const said = async ({ id }: RuntimeSandbox, command: string) =>
    (await cloche.exec(id, command)).stdout.trim()
  const remove = ({ id }: RuntimeSandbox) => cloche.call('DELETE', `/sandboxes/${id}`)

  it('is started when it is wanted, once, and again with its sandbox', async () => {
    const box = await cloche.claim({
      service: { ...waits, command: sh('echo $$ >>/tmp/starts; exec sleep 99') },
    })
    expect(box.service).toMatchObject({ state: 'waiting', process: null })
    for (let tries = 0; tries < 2; tries++)
      await cloche.call('PUT', `/sandboxes/${box.id}/service`, { wanted: true })
    const { process } = await until(box, ({ state, startedAt }) => state === 'running' && startedAt !== null)
    expect(
      JSON.parse((await cloche.call('GET', `/sandboxes/${box.id}/processes`)).text).processes,
    ).toMatchObject([{ id: process, exit: null }])
    await cloche.restart()
    expect(await read(box)).toMatchObject({ state: 'running', process })
    expect(await said(box, 'wc -l </tmp/starts')).toBe('1')
    await cloche.call('POST', `/sandboxes/${box.id}/stop`, { graceSeconds: 0 })
    expect(await read(box)).toMatchObject({ state: 'waiting' })
    await cloche.call('POST', `/sandboxes/${box.id}/start`)
    await until(box, (status) => status.startedAt !== null && status.process !== process)
    expect(await said(box, 'wc -l </tmp/starts')).toBe('2')
    await remove(box)
  })

  it('runs once when it is wanted again before its sandbox was stopped', async () => {
    const box = await cloche.claim({
      service: { ...goes, command: sh('echo $$ >>/tmp/starts; exec sleep 99') },
    })
    const { process } = await until(box, ({ startedAt }) => startedAt !== null)
    await cloche.call('PUT', `/sandboxes/${box.id}/service`, { wanted: false })
    expect(await read(box)).toMatchObject({ state: 'waiting' })
    await cloche.call('PUT', `/sandboxes/${box.id}/service`, { wanted: true })
    expect(await read(box)).toMatchObject({ state: 'running', process })
    await cloche.exec(box.id, 'pkill sleep')
    expect(await until(box, ({ state }) => state === 'exited')).toMatchObject({ exitCode: 143 })
    expect(await said(box, 'wc -l </tmp/starts')).toBe('1')
    await cloche.call('PUT', `/sandboxes/${box.id}/service`, { wanted: false })
    await cloche.call('PUT', `/sandboxes/${box.id}/service`, { wanted: true })
    await until(box, (status) => status.startedAt !== null && status.process !== process)
    await remove(box)
  })

  it('ends with an exit code that is kept, and is started again as its policy says', async () => {
    const job = await cloche.claim({ service: { ...goes, command: sh('exit 3') } })
    expect(await until(job, ({ state }) => state === 'exited')).toMatchObject({ exitCode: 3, restarts: 0 })
    await cloche.restart()
    expect(await read(job)).toMatchObject({ state: 'exited', exitCode: 3 })
    await remove(job)
    const bounded = { ...goes, restart: 'on-failure', retries: 2 }
    const tried = await cloche.claim({
      service: { ...bounded, command: sh('echo x >>/tmp/tries; kill -9 $$') },
    })
    expect(await until(tried, ({ state }) => state === 'exited')).toMatchObject({
      exitCode: 137,
      restarts: 2,
    })
    expect(await said(tried, 'wc -l </tmp/tries')).toBe('3')
    await remove(tried)
    const always = await cloche.claim({ service: { ...goes, restart: 'always', command: sh('exit 0') } })
    await until(always, ({ restarts }) => restarts >= 2)
    await remove(always)
  })

  it('says why it cannot be started, and who it runs as', async () => {
    const none = await cloche.claim({ service: { ...goes, command: ['/no/such/program'] } })
    expect(await until(none, ({ state }) => state === 'exited')).toMatchObject({
      exitCode: 127,
      problem: expect.stringContaining('/no/such/program'),
    })
    await remove(none)
    const who = await cloche.claim({
      ...{ env: { COLOR: 'blue' } },
      service: {
        ...goes,
        user: '1234:99',
        cwd: '/usr',
        command: sh('echo $(id -u):$(id -g) $PWD $COLOR >/tmp/who'),
      },
    })
    await until(who, ({ state }) => state === 'exited')
    expect(await said(who, 'cat /tmp/who')).toBe('1234:99 /usr blue')
    await remove(who)
    const answer = await cloche.call('PUT', `/sandboxes/${newId('sb')}`, {
      ...{ tenantId: newId('tn'), template: 'base', network: 'internet', isolation: 'standard', env: {} },
      ...{ limits: { cpus: 1, memoryMiB: 64, diskMiB: 64, pids: 64 }, hostname: 'box' },
      quota: { cpus: 2, memoryMiB: 512, diskMiB: 512, pids: 256, sandboxes: 8 },
      service: goes,
    })
    expect(refusalOf(answer)).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/no program/),
    })
  })

  it('is starting, healthy and unhealthy as its check finds it', async () => {
    const healthcheck = { ...quick, test: sh('test -e /tmp/works || { echo broken; false; }') }
    const box = await cloche.claim({ service: { ...goes, command: ['sleep', '99'], healthcheck } })
    expect(await until(box, ({ health }) => health !== 'none')).toMatchObject({ health: 'starting' })
    expect(await until(box, ({ health }) => health === 'unhealthy')).toMatchObject({ problem: 'broken' })
    await cloche.exec(box.id, 'touch /tmp/works')
    expect(await until(box, ({ health }) => health === 'healthy')).toMatchObject({ problem: null })
    await cloche.call('POST', `/sandboxes/${box.id}/pause`)
    await sleep(2500)
    expect((await read(box))?.health).toBe('healthy')
    await cloche.call('POST', `/sandboxes/${box.id}/resume`)
    await cloche.restart()
    await until(box, ({ health }) => health === 'healthy')
    await remove(box)
  })

  it('is looked at while checks of other tenants hang', async () => {
    const hangs = {
      ...quick,
      intervalSeconds: 1,
      timeoutSeconds: 300,
      test: sh('echo >/tmp/began; sleep 99'),
    }
    const tenantId = newId('tn')
    const boxes = await Promise.all(
      Array.from({ length: 3 }, () =>
        cloche.claim({ tenantId, service: { ...goes, command: ['sleep', '99'], healthcheck: hangs } }),
      ),
    )
    const began = async () =>
      (await Promise.all(boxes.map((box) => said(box, 'ls /tmp/began')))).filter((name) => name !== '').length
    for (let tries = 0; tries < 100 && (await began()) < 2; tries++) await sleep(50)
    const healthcheck = { ...quick, test: ['true'] }
    const box = await cloche.claim({ service: { ...goes, command: ['sleep', '99'], healthcheck } })
    await until(box, ({ health }) => health === 'healthy')
    expect(await began()).toBe(2)
    await Promise.all([box, ...boxes].map(remove))
  })

  it('is not waited for by a check that hangs or floods', async () => {
    const test = sh('yes; sleep 99')
    const healthcheck = { ...quick, test, timeoutSeconds: 1, retries: 1 }
    const box = await cloche.claim({ service: { ...goes, command: ['sleep', '99'], healthcheck } })
    const { problem } = await until(box, ({ health }) => health === 'unhealthy')
    expect(problem?.length).toBeLessThan(1200)
    expect(problem).toMatch(/ended after 1 s$/)
    await remove(box)
  })
})
