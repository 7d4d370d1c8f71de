import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { node } from '../../protocol/api/index.js'
import { startTime } from '../linux/process.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { inGuest, testInstance } from '../testing/kernel.js'
import { performOn, stepOf, testStepLimits } from '../testing/runs.js'
import { installRuntimes, type Runtimes } from '../testing/runtimes.js'
import { guestEnvironment } from '../testing/uml.js'

/** What programs are told about processors, memory and time, as JSON. */
const look = `
import json, os, re, subprocess, sys
read = lambda path: open(path).read()
run = lambda *args: subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
def limit():
    """As Java finds it: where cgroups are mounted, and after that what /proc/self/cgroup says."""
    mounts = [line.split() for line in read('/proc/self/mountinfo').splitlines()]
    paths = dict(line.split(':', 2)[1:] for line in read('/proc/self/cgroup').splitlines())
    for m in mounts:
        kind = m[m.index('-') + 1]
        if kind == 'cgroup2' and m[4].startswith('/sys/fs/cgroup'):
            return read(m[4] + (paths[''] if paths[''] != '/' else '') + '/memory.max')
        if kind == 'cgroup' and m[-1].endswith('memory') and m[3] == paths['memory']:
            return read(m[4] + '/memory.limit_in_bytes')
def top():
    text = run('top', '-b', '-n', '1')
    found = re.search(r'Mem : *([0-9.]+) total', text)
    return float(found.group(1)) if found else text[:500]
print(json.dumps({
    'free': int(run('free', '-m').split()[7]),
    'top': top(),
    'stat': len(re.findall(r'^cpu[0-9]', read('/proc/stat'), re.M)),
    'nproc': int(run('nproc')),
    'cpuCount': os.cpu_count(),
    'affinity': len(os.sched_getaffinity(0)),
    'cpuinfo': read('/proc/cpuinfo').count('processor\\t'),
    'uptime': float(read('/proc/uptime').split()[0]),
    'load': float(read('/proc/loadavg').split()[0]),
    'cgroupMiB': int(limit()) / 1048576,
    'cgroupsWritable': os.access('/sys/fs/cgroup', os.W_OK),
}))
`

describe('what a sandbox sees of processors, memory and time', () => {
  let instance: Instance
  let namespace: AsyncDisposable
  let runtimes: Runtimes
  const startedAt = performance.now()
  const env = inGuest ? { GLIBC_TUNABLES: guestEnvironment.GLIBC_TUNABLES } : {}
  const claim = (over: object = {}) =>
    instance.claim({
      env,
      network: 'none',
      quota: { cpus: 8, memoryMiB: 8192, diskMiB: 4096, pids: 512, sandboxes: 8 },
      ...over,
    })
  const limitsOf = (cpus: number, memoryMiB: number) => ({ cpus, memoryMiB, diskMiB: 64, pids: 128 })
  const output = async (id: string, command: string | string[]) => {
    const { stdout, stderr, exit } = await instance.exec(id, command)
    if (exit?.exitCode !== 0) throw new Error(`${command}: ${stdout}${stderr} (${JSON.stringify(exit)})`)
    return stdout
  }
  const seen = async (id: string) => JSON.parse(await output(id, ['python3', '-c', look]))
  const hostCpus = () => readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm)?.length ?? 1
  const expected = (cpus: number, memoryMiB: number) => {
    const processors = Math.min(Math.ceil(cpus), hostCpus())
    return {
      ...{ free: memoryMiB, cgroupMiB: memoryMiB, cgroupsWritable: false },
      // In the guest top cannot calculate with fractions, and shows no totals.
      ...(inGuest ? {} : { top: memoryMiB }),
      ...{ nproc: processors, affinity: processors, cpuCount: processors, cpuinfo: processors },
      stat: processors,
    }
  }
  const describeNode = async () => node.parse(JSON.parse((await instance.call('GET', '/node')).text))
  const totals = (boxes: readonly { id: string }[]) =>
    Promise.all(
      boxes.map(async ({ id }) => Number((await output(id, ['free', '-m'])).match(/^Mem: +(\d+)/m)?.[1])),
    )
  const remove = (id: string) => instance.call('DELETE', `/sandboxes/${id}`)

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { poolSize: 1 })
    if (!inGuest) runtimes = await installRuntimes(join(instance.disk, 'layers', 'baselayer'))
  })
  let closed = false
  const close = async () => {
    if (!closed) await instance[Symbol.asyncDispose]()
    closed = true
  }
  afterAll(async () => {
    await close()
    await namespace[Symbol.asyncDispose]()
  })

  // The pool's are of the class of 128 MiB; a claim changes their limits.
  it.each([
    ['a cold one', 0.5, 256, false],
    ['a cold one', 1, 512, false],
    // The guest has no more.
    ['a cold one', 2, inGuest ? 1024 : 2048, false],
    ['one of the pool', 0.5, 128, true],
    ['one of the pool', 1, 200, true],
    ['one of the pool', 2, 255, true],
  ] as const)('%s of %s processors and %s MiB', async (_, cpus, memoryMiB, warm) => {
    await instance.poolFull()
    let sandbox = await claim({ limits: limitsOf(cpus, memoryMiB) })
    // When memory is short the pool gives up its own, also between the two calls.
    for (let tries = 0; sandbox.warm !== warm && tries < 5; tries++) {
      await remove(sandbox.id)
      await instance.poolFull()
      sandbox = await claim({ limits: limitsOf(cpus, memoryMiB) })
    }
    expect(sandbox.warm).toBe(warm)
    const view = await seen(sandbox.id)
    expect(view).toMatchObject(expected(cpus, memoryMiB))
    expect(view.uptime).toBeLessThan((performance.now() - startedAt) / 1000 + 5)
    // Nothing ran in it before: what others do on this machine is none of its load.
    expect(view.load).toBeLessThan(1)
    await remove(sandbox.id)
  })

  it('one of the pool of 512 MiB, which is another class', async () => {
    await instance.restart({ CLOCHE_POOL_SANDBOXES: '2' })
    const wanted = { template: 'base', memoryMiB: 512, count: 1, holdMinutes: 5 }
    const { status, text } = await instance.call('POST', '/pools/warm', wanted)
    expect(status, text).toBeLessThan(300)
    const of = async () => (await describeNode()).pools.find((pool) => pool.memoryMiB === 512)?.ready
    await expect.poll(of, { timeout: 30_000 }).toBe(1)
    const sandbox = await claim({ limits: limitsOf(1, 512) })
    expect(sandbox.warm).toBe(true)
    expect(await seen(sandbox.id)).toMatchObject(expected(1, 512))
    await remove(sandbox.id)
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(text))
    expect((await instance.call('DELETE', `/pools/warm/${id}`)).status).toBe(204)
    await instance.restart()
  })

  it('changes with the limits while it runs, and is right after a stop and a start', async () => {
    await instance.poolFull()
    const { id } = await claim({ limits: limitsOf(2, 128) })
    const change = (cpus: number, memoryMiB: number) =>
      instance.call('PATCH', `/sandboxes/${id}`, { limits: limitsOf(cpus, memoryMiB) })
    for (const [cpus, memoryMiB] of [
      [0.5, 1024],
      [2, 256],
    ] as const) {
      expect((await change(cpus, memoryMiB)).status).toBe(200)
      expect(await seen(id)).toMatchObject(expected(cpus, memoryMiB))
    }
    await instance.call('POST', `/sandboxes/${id}/stop`)
    await instance.call('POST', `/sandboxes/${id}/start`)
    expect(await seen(id)).toMatchObject(expected(2, 256))
    await remove(id)
  })

  it('has what its disk holds and may hold, in bytes', async () => {
    await instance.poolFull()
    for (const memoryMiB of [128, 300]) {
      const { id } = await claim({ limits: { ...limitsOf(1, memoryMiB), diskMiB: 48 } })
      const disk = async () => {
        const files = await output(id, 'sync -f /; cat /sys/fs/quota/referenced /sys/fs/quota/max_referenced')
        return files.split('\n').map(Number)
      }
      const [before = 0, limit] = await disk()
      expect(limit).toBe(48 << 20)
      await output(id, 'head -c 8M /dev/urandom > /home/user/file')
      expect((await disk())[0]).toBeGreaterThan(before + (7 << 20))
      await instance.call('PATCH', `/sandboxes/${id}`, { limits: { ...limitsOf(1, memoryMiB), diskMiB: 96 } })
      expect((await disk())[1]).toBe(96 << 20)
      const ran = await instance.exec(id, 'echo 1 > /sys/fs/quota/max_referenced', { user: 'root' })
      expect(ran.exit?.exitCode).not.toBe(0)
      await remove(id)
    }
  })

  it.each([
    ['made cold', 'a'],
    ['of the pool', undefined],
  ])(
    'is told to Node.js with little memory in a command, a terminal and a run: in a sandbox %s',
    async (_, value) => {
      await instance.poolFull()
      // With variables of its own it does not use the shell of the pool.
      const { id } = await claim({ limits: limitsOf(1, 128), env: value === undefined ? {} : { A: value } })
      const says = '--max-old-space-size=64'
      const print = 'echo "<$NODE_OPTIONS>"'
      expect(await output(id, print)).toContain(`<${says}>`)
      using terminal = await instance.openTerminal(id)
      terminal.type(`${print}\n`)
      await terminal.sees(`<${says}>`)
      const { steps } = await performOn({
        steps: [stepOf(print, { limits: { ...testStepLimits, memoryMiB: 128 } })],
      })
      expect(steps[0]?.stdout.content).toBe(`<${says}>\n`)
      await remove(id)
    },
  )

  it('counts the memory that it uses, and not what others use', async () => {
    const { id } = await claim({ limits: limitsOf(1, 256) })
    const use = `b = bytearray(64 << 20)
print([int(l.split()[1]) for l in open('/proc/meminfo') if l.startswith('MemAvailable')][0] >> 10)`
    const availableMiB = Number(await output(id, ['python3', '-c', use]))
    expect(availableMiB).toBeGreaterThan(128)
    expect(availableMiB).toBeLessThan(192)
    await remove(id)
  })

  // In the guest Java, Node.js and Go do not run reliably: it keeps no registers later than SSE. The rest is slow there.
  if (!inGuest) {
    it('is what Java, Node.js and Go size themselves by', async () => {
      await instance.poolFull()
      for (const [cpus, memoryMiB, warm] of [
        [1, 255, true],
        [0.5, 1024, false],
        [2, 512, false],
      ] as const) {
        const { id, warm: isWarm } = await claim({ limits: limitsOf(cpus, memoryMiB) })
        expect(isWarm).toBe(warm)
        for (const [name, command] of Object.entries(runtimes.commands)) {
          const { processors, heapMiB } = JSON.parse(await output(id, command))
          expect({ name, processors }).toEqual({ name, processors: Math.min(Math.ceil(cpus), hostCpus()) })
          if (heapMiB === null) continue
          expect(heapMiB, name).toBeGreaterThan(memoryMiB / 8)
          expect(heapMiB, name).toBeLessThan(memoryMiB)
        }
        await remove(id)
      }
      for (const missing of runtimes.missing)
        console.log(`not tried: ${missing} is not installed on this machine`)
    })

    it.each(['SIGKILL', 'SIGSTOP'] as const)(
      'is there again when lxcfs gets %s, in every sandbox',
      async (signal) => {
        const boxes = [await claim({ limits: limitsOf(1, 256) }), await claim({ limits: limitsOf(1, 300) })]
        const killed = daemon()
        process.kill(killed, signal)
        // Nor does whoever asks for one of its files from outside, and all others with him.
        const path = encodeURIComponent('/proc/meminfo')
        const asked = await instance.call('GET', `/sandboxes/${boxes[0]?.id}/files?path=${path}`)
        expect(refusalOf(asked).code).toBe('forbidden')
        if (signal === 'SIGSTOP') expect(daemon()).toBe(killed)
        // Commands do not wait for it, nor do they while nobody answers.
        for (const { id } of boxes) expect((await instance.exec(id, 'echo lives')).stdout).toBe('lives\n')
        await until(() => daemon() !== killed && daemon() > 0)
        await until(async () => (await describeNode()).viewProblem === null)
        expect(await totals(boxes)).toEqual([256, 300])
        for (const { id } of boxes) await remove(id)
      },
    )

    it('outlives the runtime', async () => {
      const { id } = await claim({ limits: limitsOf(1, 256) })
      const before = daemon()
      await instance.restart()
      expect(daemon()).toBe(before)
      expect(await seen(id)).toMatchObject(expected(1, 256))
      await remove(id)
    })

    it('is the host, and the node says so, where lxcfs cannot be started; sandboxes start all the same', async () => {
      const broken = join(instance.home, 'broken')
      mkdirSync(broken)
      writeFileSync(join(broken, 'lxcfs'), '#!/bin/sh\necho no FUSE here\nexit 1\n', { mode: 0o755 })
      await instance.restart({ PATH: `${broken}:${process.env.PATH}` })
      const before = await claim({ limits: limitsOf(1, 256) })
      process.kill(daemon(), 'SIGKILL')
      await until(async () => (await describeNode()).viewProblem?.includes('no FUSE here') === true)
      const later = await claim({ limits: limitsOf(0.5, 300) })
      for (const total of await totals([before, later])) expect(total).toBeGreaterThan(1000)
      // Neither of these needs lxcfs.
      expect(await seen(later.id)).toMatchObject({ nproc: 1, affinity: 1, cgroupMiB: 300 })
      await instance.restart()
      expect(await totals([before, later])).toEqual([256, 300])
      for (const { id } of [before, later]) await remove(id)
    })

    it('is gone from the host with the instance', async () => {
      const last = daemon()
      await close()
      expect(startTime(last)).toBeUndefined()
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`/${testInstance}/lxcfs`)
    })
  }
})

/** The daemon's process; 0 while there is none. */
function daemon(): number {
  try {
    return JSON.parse(readFileSync(`/run/cloche/${testInstance}/lxcfs.pid`, 'utf8')).pid
  } catch {
    return 0
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 1000) throw new Error('it does not come about')
    await sleep(20)
  }
}
