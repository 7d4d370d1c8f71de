import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type RuntimeSandbox, runtimeSandbox, runtimeTenant } from '../../protocol/node/index.js'
import { detectHierarchy } from '../cgroup/hierarchy.js'
import { cpuQuotaUs } from '../cgroup/processors.js'
import {
  claimOf,
  type Instance,
  lonelyNamespace,
  refusalOf,
  startInstance,
  testLimits,
  testQuota,
} from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const hierarchy = detectHierarchy()

describe('what binds sandboxes and tenants', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const remove = (id: string) => cloche.call('DELETE', `/sandboxes/${id}`)
  const read = async (id: string) =>
    runtimeSandbox.parse(JSON.parse((await cloche.call('GET', `/sandboxes/${id}`)).text))
  const tenant = async (id: string, step = '') =>
    runtimeTenant.parse(
      JSON.parse((await cloche.call(step === '' ? 'GET' : 'POST', `/tenants/${id}${step}`)).text),
    )
  const kernel = (controller: 'memory' | 'cpu' | 'blkio', path: string, file: string) =>
    readFileSync(join(hierarchy.mountOf(controller) ?? '', testInstance, path, file), 'utf8').trim()
  const memoryOf = (path: string) =>
    Number(kernel('memory', path, hierarchy.version === 2 ? 'memory.max' : 'memory.limit_in_bytes'))
  const beats = async (sandbox: RuntimeSandbox) => {
    const count = async () => Number((await cloche.exec(sandbox.id, 'cat /tmp/beats')).stdout)
    return count()
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('a quota holds the sum: two sandboxes within their limits cannot have more than their tenant', async () => {
    const tenantId = newId('tn')
    const quota = { ...testQuota, memoryMiB: 160 }
    const boxes = [await cloche.claim({ tenantId, quota }), await cloche.claim({ tenantId, quota })]
    const hog = 'python3 -c "b = bytearray(100 << 20); b[::4096] = b[::4096]; import time; time.sleep(3)"'
    const ran = await Promise.all(boxes.map((sandbox) => cloche.exec(sandbox.id, hog)))
    expect(ran.map(({ exit }) => exit?.exitCode === 0).sort()).toEqual([false, true])
    for (const box of boxes) await remove(box.id)
  })

  it('says no to a quota below what is in use, and changes nothing', async () => {
    const sandbox = await cloche.claim()
    const { tenantId } = sandbox
    const busy = cloche.exec(
      sandbox.id,
      'python3 -c "b = bytearray(60 << 20); b[::4096] = b[::4096]; input()" < /dev/zero & for i in $(seq 12); do sleep 5 & done; wait',
      { timeoutMs: 4000 },
    )
    while ((await tenant(tenantId)).memoryBytes < 60 << 20 || (await tenant(tenantId)).pids < 14)
      await sleep(20)
    const wanted = { ...testQuota, cpus: 1, memoryMiB: 32 }
    const answer = await cloche.call('PUT', `/tenants/${tenantId}/quota`, wanted)
    expect(refusalOf(answer)).toMatchObject({ code: 'quota_exceeded' })
    expect(refusalOf(answer).message).toMatch(/cannot be held to 32 MiB of memory: \d+ MiB are in use/)
    expect(memoryOf(tenantId)).toBe(512 << 20)
    const quota = kernel('cpu', tenantId, hierarchy.version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us')
    expect(Number(quota.split(' ')[0])).toBe(cpuQuotaUs(2))
    const few = await cloche.call('PUT', `/tenants/${tenantId}/quota`, { ...testQuota, pids: 8 })
    expect(refusalOf(few).message).toMatch(/cannot be held to 8 processes/)
    const narrow = await cloche.call('PUT', `/tenants/${tenantId}/quota`, { ...testQuota, cpus: 0.5 })
    expect(refusalOf(narrow).message).toMatch(/cannot be held to 0.5 cores/)
    const limits = await cloche.call('PATCH', `/sandboxes/${sandbox.id}`, {
      limits: { ...testLimits, memoryMiB: 16 },
    })
    expect(refusalOf(limits).code).toBe('quota_exceeded')
    expect((await read(sandbox.id)).limits).toEqual(testLimits)
    await busy
    await remove(sandbox.id)
  })

  it('says no to a disk smaller than what is on it', async () => {
    const sandbox = await cloche.claim()
    await cloche.exec(sandbox.id, 'head -c 40M /dev/urandom > file; sync')
    const answer = await cloche.call('PATCH', `/sandboxes/${sandbox.id}`, {
      limits: { ...testLimits, diskMiB: 16 },
    })
    expect(refusalOf(answer).message).toMatch(/cannot be held to 16 MiB of disk: 4\d MiB are in use/)
    expect((await read(sandbox.id)).limits.diskMiB).toBe(64)
    await remove(sandbox.id)
  })

  it('gives the reason of the kernel when the kernel says no, and puts back what was changed', async () => {
    const sandbox = await cloche.claim({ quota: { ...testQuota, cpus: 1 } })
    const limits = { ...testLimits, cpus: 1.5, memoryMiB: 64 }
    const answer = await cloche.call('PATCH', `/sandboxes/${sandbox.id}`, { limits })
    if (hierarchy.version === 1) {
      expect(refusalOf(answer)).toMatchObject({ code: 'invalid_request' })
      expect(refusalOf(answer).message).toMatch(/the kernel refused 30000 for .*cpu.cfs_quota_us: EINVAL/)
      expect(memoryOf(`${sandbox.tenantId}/${sandbox.id}`)).toBe(128 << 20)
    } else expect(answer.status).toBe(200)
    await remove(sandbox.id)
  })

  it('holds what reaches the disk to its bandwidth', async () => {
    const limits = { ...testLimits, diskWriteMiBps: 8, diskReadMiBps: 8 }
    const sandbox = await cloche.claim({ limits })
    const script =
      'dd if=/dev/zero of=file bs=1M count=12 oflag=direct 2>&1; dd if=file of=/dev/null bs=1M iflag=direct 2>&1'
    const { stdout } = await cloche.exec(sandbox.id, script)
    const seconds = Array.from(stdout.matchAll(/copied, ([\d.]+) s/g), ([, took]) => Number(took))
    expect(seconds).toHaveLength(2)
    for (const took of seconds) expect(took).toBeGreaterThan(1)
    const { usage } = await read(sandbox.id)
    expect(usage?.diskWriteBytes).toBeGreaterThanOrEqual(12 << 20)
    expect(usage?.diskReadBytes).toBeGreaterThanOrEqual(12 << 20)
    await remove(sandbox.id)
  })

  it('shares the processors by weight', async () => {
    const spin = 'n=0; end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do n=$((n+1)); done; echo $n'
    const all = { ...testLimits, cpus: 2, pids: 32 }
    const boxes = [
      await cloche.claim({ limits: all, quota: { ...testQuota, weight: 100 } }),
      await cloche.claim({ limits: all, quota: { ...testQuota, weight: 400 } }),
    ]
    const busy = (sandbox: RuntimeSandbox) =>
      cloche.exec(sandbox.id, `for i in 1 2 3; do (${spin}) & done; wait`)
    await Promise.all(boxes.map(busy))
    const seconds = await Promise.all(
      boxes.map(async (sandbox) => (await tenant(sandbox.tenantId)).cpuSeconds),
    )
    expect((seconds[1] ?? 0) / (seconds[0] ?? 1)).toBeGreaterThan(2)
    for (const box of boxes) await remove(box.id)
  })

  it('counts on across stop and start', async () => {
    const sandbox = await cloche.claim()
    await cloche.exec(
      sandbox.id,
      'dd if=/dev/zero of=file bs=1M count=8 oflag=direct; i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done',
    )
    const before = (await read(sandbox.id)).usage
    expect(before?.cpuSeconds).toBeGreaterThan(0.1)
    await cloche.call('POST', `/sandboxes/${sandbox.id}/stop`)
    const stopped = (await read(sandbox.id)).usage
    expect(stopped).toMatchObject({ pids: 0, memoryBytes: 0 })
    expect(stopped?.cpuSeconds).toBeGreaterThanOrEqual(before?.cpuSeconds ?? 99)
    await cloche.restart()
    await cloche.call('POST', `/sandboxes/${sandbox.id}/start`)
    const after = (await read(sandbox.id)).usage
    expect(after?.cpuSeconds).toBeGreaterThanOrEqual(stopped?.cpuSeconds ?? 99)
    expect(after?.diskWriteBytes).toBeGreaterThanOrEqual(8 << 20)
    expect(after?.memoryPeakBytes).toBeGreaterThanOrEqual(stopped?.memoryPeakBytes ?? 1e12)
    await remove(sandbox.id)
  })

  it('pauses and resumes a whole tenant in one call, and leaves each sandbox its own state', async () => {
    const tenantId = newId('tn')
    const [alone, own] = [await cloche.claim({ tenantId }), await cloche.claim({ tenantId })]
    const beat = '(while :; do n=$((n+1)); echo $n > /tmp/beats; sleep 0.01; done) > /dev/null 2>&1 &'
    await cloche.exec(alone.id, beat)
    await cloche.call('POST', `/sandboxes/${own.id}/pause`)
    expect(await tenant(tenantId, '/pause')).toMatchObject({ paused: true, sandboxes: 2 })
    expect((await read(alone.id)).state).toBe('paused')
    expect((await cloche.exec(alone.id, 'true')).status).toBe(409)
    const spent = (await tenant(tenantId)).cpuSeconds
    await sleep(300)
    expect((await tenant(tenantId)).cpuSeconds).toBe(spent)
    const refused = await cloche.call('PUT', `/sandboxes/${newId('sb')}`, claimOf({ tenantId }))
    expect(refusalOf(refused)).toMatchObject({
      code: 'conflict',
      message: `tenant ${tenantId} is paused: resume it first`,
    })
    expect((await cloche.call('POST', `/sandboxes/${own.id}/resume`)).status).toBe(409)
    await cloche.restart()
    expect((await tenant(tenantId)).paused).toBe(true)
    expect((await tenant(tenantId, '/resume')).paused).toBe(false)
    expect((await read(alone.id)).state).toBe('running')
    expect((await read(own.id)).state).toBe('paused')
    const first = await beats(alone)
    await sleep(200)
    expect(await beats(alone)).toBeGreaterThan(first)
    await remove(alone.id)
    await remove(own.id)
    expect((await cloche.call('GET', `/tenants/${tenantId}`)).status).toBe(404)
  })

  it('stops and removes what belongs to a paused tenant', async () => {
    const tenantId = newId('tn')
    const [one, two] = [await cloche.claim({ tenantId }), await cloche.claim({ tenantId })]
    await cloche.exec(one.id, 'echo kept > file')
    await tenant(tenantId, '/pause')
    expect((await cloche.call('POST', `/sandboxes/${one.id}/stop`)).status).toBe(200)
    expect((await cloche.call('POST', `/sandboxes/${one.id}/start`)).status).toBe(409)
    expect((await remove(two.id)).status).toBe(204)
    await tenant(tenantId, '/resume')
    expect((await cloche.call('POST', `/sandboxes/${one.id}/start`)).status).toBe(200)
    expect((await cloche.exec(one.id, 'cat file')).stdout).toBe('kept\n')
    await remove(one.id)
  })

  it('keeps the cgroup of a tenant that may come back, until the runtime shuts down', async () => {
    const tenantId = newId('tn')
    const stands = () => hierarchy.mounts.map((mount) => existsSync(join(mount, testInstance, tenantId)))
    const quota = { ...testQuota, memoryMiB: 160 }
    await remove((await cloche.claim({ tenantId, quota })).id)
    expect(stands()).not.toContain(false)
    const other = { ...testQuota, memoryMiB: 320 }
    await cloche.claim({ tenantId, quota: other })
    expect(memoryOf(tenantId)).toBe(320 << 20)
    expect((await cloche.call('POST', '/shutdown')).status).toBe(204)
    expect(stands()).not.toContain(true)
  })
})
