import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testInstance } from '../testing/kernel.js'
import { freeze, thaw } from './freezer.js'
import { detectHierarchy, makeCgroup, removeCgroup } from './hierarchy.js'
import { settleHybrid } from './hybrid.js'
import { StepCgroup } from './step.js'

const root = `/${testInstance}step`
/** Any disk: these processes write none. */
const device = readFileSync(`/sys/block/${readdirSync('/sys/block')[0]}/dev`, 'utf8').trim()
const mib = 1024 ** 2

describe('the control group of a step', () => {
  let hierarchy = detectHierarchy()
  let number = 0
  const started: ChildProcess[] = []

  const group = (limits = { cpus: 1, memoryMiB: 96, pids: 8 }) =>
    new StepCgroup(hierarchy, `${root}/${number++}`, limits, device)
  /** Starts a program that is in the group before its first instruction. */
  const runIn = async (step: StepCgroup, program: string, ...args: string[]) => {
    const child = spawn('/bin/sh', ['-c', 'read go; exec "$@"', 'sh', program, ...args], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    started.push(child)
    step.enter(child.pid ?? 0)
    child.stdin.write('go\n')
    return new Promise<string>((resolve) =>
      child.once('exit', (code, signal) => resolve(signal ?? String(code))),
    )
  }

  beforeAll(async () => {
    await settleHybrid()
    hierarchy = detectHierarchy()
    makeCgroup(hierarchy, root)
  })
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL')
    await removeCgroup(hierarchy, root)
  })

  it('counts processor time and peak memory of what ran in it, and nothing of another', async () => {
    const [one, two] = [group(), group()]
    const hold = 'b = bytearray(48 << 20)\nfor i in range(0, len(b), 4096): b[i] = 1'
    expect(await runIn(one, 'python3', '-c', hold)).toBe('0')
    expect(await runIn(two, 'python3', '-c', 'import time\nwhile time.process_time() < 0.3: pass')).toBe('0')
    expect(one.stats().memoryPeakBytes).toBeGreaterThan(48 * mib)
    expect(two.stats().memoryPeakBytes).toBeLessThan(24 * mib)
    // Where the clock ticks every 10 ms, as in the guest, a process and its group are charged by sample, each apart.
    expect(two.stats().cpuUs).toBeGreaterThanOrEqual(200_000)
    for (const step of [one, two]) await step.remove()
  })

  it('says that memory or processes were refused', async () => {
    const [one, two] = [group(), group()]
    const hog = 'b = bytearray(400 << 20)\nfor i in range(0, len(b), 4096): b[i] = 1'
    expect(await runIn(one, 'python3', '-c', hog)).toBe('SIGKILL')
    expect(one.stats()).toMatchObject({ oomKills: 1, refusedForks: 0 })
    // bash would try each of them again, for 15 s.
    await runIn(two, 'dash', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done 2>/dev/null')
    expect(two.stats().oomKills).toBe(0)
    expect(two.stats().refusedForks).toBeGreaterThan(0)
    await two.kill()
    for (const step of [one, two]) await step.remove()
  })

  it('kills whatever was forked in it, also what has left its parent and ignores signals', async () => {
    const step = group()
    const fork =
      'import os,signal,time\nsignal.signal(15, signal.SIG_IGN)\nfor i in range(3):\n  if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(300)\n    os._exit(0)\n  os.wait()'
    expect(await runIn(step, 'python3', '-c', fork)).toBe('0')
    expect(step.processes()).toHaveLength(3)
    await step.kill()
    expect(step.processes()).toEqual([])
    await step.remove()
  })

  it('kills what is frozen above it too', async () => {
    const tenant = `${root}/tenant`
    makeCgroup(hierarchy, tenant)
    const step = new StepCgroup(hierarchy, `${tenant}/step`, { cpus: 1, memoryMiB: 96, pids: 8 }, device)
    const ended = runIn(step, 'sleep', '300')
    await freeze(hierarchy, tenant)
    await step.kill()
    expect(await ended).toBe('SIGKILL')
    expect(step.processes()).toEqual([])
    await step.remove()
    await thaw(hierarchy, tenant)
  })
})
