import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testInstance } from '../testing/kernel.js'
import { freeze, isFrozen, thaw } from './freezer.js'
import { detectHierarchy, makeCgroup, makeLeaf, processesOf, removeCgroup, writeValue } from './hierarchy.js'
import { settleHybrid } from './hybrid.js'
import { applyLimits } from './limits.js'
import { relocate } from './relocate.js'
import { readUsage } from './usage.js'

const root = `/${testInstance}cgroup`
const tenant = `${root}/tenant`
/** Any disk: these processes write none. */
const device = readFileSync(`/sys/block/${readdirSync('/sys/block')[0]}/dev`, 'utf8').trim()
const limits = { cpus: 1, memoryMiB: 64, pids: 16 }
/** Holds 48 MiB for as long as it lives. */
const holdMemory = 'held = bytearray(48 << 20); held[::4096] = held[::4096]; print("held"); input()'

describe('control groups', () => {
  let hierarchy = detectHierarchy()
  const started: ChildProcess[] = []

  /** Starts a program that is a member of a cgroup before its first instruction of its own. */
  const startIn = (path: string, program: string, ...args: string[]) => {
    const child = spawn('/bin/sh', ['-c', 'read go; exec "$@"', 'sh', program, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    started.push(child)
    for (const mount of hierarchy.mounts) writeValue(join(mount, path, 'cgroup.procs'), child.pid ?? 0)
    child.stdin.write('go\n')
    const ended = new Promise<string>((resolve) =>
      child.once('exit', (code, signal) => resolve(signal ?? String(code))),
    )
    const prints = new Promise<string>((resolve) => {
      child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()))
      void ended.then((how) => resolve(`ended with ${how}`))
    })
    return { pid: child.pid ?? 0, ended, prints, kill: () => child.kill('SIGKILL') }
  }
  const leaf = (name: string, held = limits) => {
    const path = join(tenant, name)
    makeLeaf(hierarchy, path)
    applyLimits(hierarchy, path, held, device)
    return path
  }
  const usage = (path: string) => readUsage(hierarchy, path, device)

  beforeAll(async () => {
    await settleHybrid()
    hierarchy = detectHierarchy()
    makeCgroup(hierarchy, root)
    makeCgroup(hierarchy, tenant)
  })

  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL')
    await removeCgroup(hierarchy, root)
    for (const mount of hierarchy.mounts) expect(existsSync(join(mount, root))).toBe(false)
  })

  it('are made with every controller that limits need, and can be made again', async () => {
    makeCgroup(hierarchy, tenant)
    const path = leaf('made')
    for (const [controller, file] of [
      ['cpu', hierarchy.version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us'],
      ['memory', hierarchy.version === 2 ? 'memory.max' : 'memory.limit_in_bytes'],
      ['pids', 'pids.max'],
      ['blkio', hierarchy.version === 2 ? 'io.stat' : 'blkio.throttle.io_service_bytes'],
    ] as const) {
      expect(existsSync(join(hierarchy.mountOf(controller) ?? '', path, file))).toBe(true)
    }
    expect(readFileSync(join(hierarchy.mountOf('pids') ?? '', path, 'pids.max'), 'utf8')).toBe('16\n')
  })

  it('hold a program that never rests to its share of a core, and count what it used', async () => {
    const path = leaf('busy', { ...limits, cpus: 0.1 })
    const busy = startIn(path, '/bin/sh', '-c', 'while :; do :; done')
    for (let tries = 0; tries < 1000 && usage(path).cpuThrottledSeconds === 0; tries++) await sleep(10)
    const { cpuSeconds, cpuThrottledSeconds } = usage(path)
    expect(cpuThrottledSeconds).toBeGreaterThan(0)
    expect(cpuSeconds).toBeGreaterThan(0)
    busy.kill()
    await busy.ended
  })

  it('kill a program at the memory limit, count the kill, and remember the peak', async () => {
    const path = leaf('hungry', { ...limits, memoryMiB: 32 })
    const hungry = startIn(path, 'python3', '-c', holdMemory)
    expect(await hungry.ended).toBe('SIGKILL')
    const { oomKills, memoryPeakBytes, memoryBytes } = usage(path)
    expect(oomKills).toBe(1)
    expect(memoryPeakBytes).toBeGreaterThan(16 * 1024 ** 2)
    expect(memoryBytes).toBeLessThanOrEqual(memoryPeakBytes)
  })

  it('refuse a process more than they may hold', async () => {
    const path = leaf('fertile', { ...limits, pids: 8 })
    const fertile = startIn(
      ...[path, 'python3', '-c'],
      'import os, time\ntry:\n  while os.fork(): pass\nexcept OSError as error: print(error.strerror, flush=True)\ntime.sleep(60)',
    )
    expect(await fertile.prints).toBe('Resource temporarily unavailable')
    expect(usage(path).pids).toBe(8)
    for (const pid of await processesOf(hierarchy, path)) process.kill(pid, 'SIGKILL')
  })

  it('hold a tenant to its quota when every one of its sandboxes is within its limits', async () => {
    applyLimits(hierarchy, tenant, { cpus: 2, memoryMiB: 80, pids: 64 }, device)
    const [one, two] = [
      startIn(leaf('one'), 'python3', '-c', holdMemory),
      startIn(leaf('two'), 'python3', '-c', holdMemory),
    ]
    const first = await Promise.race([one.ended, two.ended])
    expect(first).toBe('SIGKILL')
    // The other one has what the first gave back.
    expect([await one.prints, await two.prints]).toContain('held')
    one.kill()
    two.kill()
    await Promise.all([one.ended, two.ended])
  })

  it('let processes move, with those that are born later, and the place they left is gone', async () => {
    const from = leaf('pooled')
    const to = join(tenant, 'claimed')
    const parent = startIn(from, '/bin/sh', '-c', 'sleep 300 & while read line; do sleep 300 & echo $!; done')
    while ((await processesOf(hierarchy, from)).length < 2) await sleep(1)
    relocate(hierarchy, from, to)
    for (const mount of hierarchy.mounts) expect(existsSync(join(mount, from))).toBe(false)
    expect(await processesOf(hierarchy, to)).toHaveLength(2)
    expect(readFileSync(`/proc/${parent.pid}/cgroup`, 'utf8')).not.toContain('pooled')
    started.at(-1)?.stdin?.write('more\n')
    const born = Number(await parent.prints)
    expect(await processesOf(hierarchy, to)).toContain(born)
    for (const pid of await processesOf(hierarchy, to)) process.kill(pid, 'SIGKILL')
  })

  it('stop every process of a tenant where it stands, and let it go on', async () => {
    const path = leaf('frozen')
    const busy = startIn(path, '/bin/sh', '-c', 'while :; do :; done')
    await freeze(hierarchy, tenant)
    expect(isFrozen(hierarchy, tenant)).toBe(true)
    const before = usage(path).cpuSeconds
    await sleep(200)
    expect(usage(path).cpuSeconds).toBe(before)
    await thaw(hierarchy, tenant)
    expect(isFrozen(hierarchy, tenant)).toBe(false)
    while (usage(path).cpuSeconds === before) await sleep(10)
    busy.kill()
    await busy.ended
  })
})
