import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, newRunId, type RunCase, type StepLimits } from '../../protocol/api/index.js'
import { type RuntimeRunEvent, type RuntimeRunResult, runtimeRunEvent } from '../../protocol/node/index.js'
import { run } from '../linux/spawn.js'
import { type Instance, lonelyNamespace, startInstance, testQuota } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { judgeOf } from '../testing/runs.js'

const limits: StepLimits = { wallMs: 5000, cpuMs: 5000, memoryMiB: 64, pids: 16, outputBytes: 65_536 }

describe('a run', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  const tenantId = newId('tn')

  const lines = (body: object, hear?: (event: RuntimeRunEvent, cancel: () => void) => void) =>
    new Promise<RuntimeRunEvent[]>((resolve, reject) => {
      const socketPath = `/run/cloche/${testInstance}/runtime.sock`
      const events: RuntimeRunEvent[] = []
      const outgoing = request({ socketPath, method: 'POST', path: '/runs', agent: false }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
            const event = runtimeRunEvent.parse(JSON.parse(text.slice(0, end)))
            text = text.slice(end + 1)
            events.push(event)
            hear?.(event, () => outgoing.destroy())
          }
        })
        answer.once('end', () =>
          answer.statusCode === 200 ? resolve(events) : reject(new Error(`${answer.statusCode} ${text}`)),
        )
        answer.once('error', () => resolve(events))
      })
      outgoing.once('error', reject)
      outgoing.end(
        JSON.stringify({
          ...{ id: newRunId(), tenantId, quota: testQuota, template: 'base', cpus: 1, diskMiB: 32 },
          ...{ network: 'none', env: {}, files: [], cases: null, stopOnFailure: false, artifacts: [] },
          ...body,
        }),
      )
    })
  const step = (command: string | string[], over: object = {}) => ({
    ...{ name: 'run', command, stdin: '', env: {}, limits, compile: false },
    ...over,
  })
  const perform = async (body: object): Promise<RuntimeRunResult> => {
    const last = (await lines(body)).at(-1)
    if (last?.type !== 'end') throw new Error(`the last event is ${JSON.stringify(last)}`)
    return last.result
  }
  const one = async (command: string | string[], over: Partial<StepLimits> = {}, more: object = {}) => {
    const { steps } = await perform({ steps: [step(command, { limits: { ...limits, ...over } })], ...more })
    const [result] = steps
    if (result === undefined) throw new Error('no step')
    return result
  }
  const python = (source: string, over: Partial<StepLimits> = {}, more: object = {}) =>
    one(['python3', '-c', source], over, more)
  const asCase = (stdin: string, expected?: string): Partial<RunCase> => ({
    stdin: Buffer.from(stdin).toString('base64'),
    ...(expected === undefined ? {} : { expected }),
  })

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { poolRuns: 2 })
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('gives back output apart, exit code, and figures of the program alone', async () => {
    await instance.poolFull()
    const result = await one('cat; echo err >&2; exit 3', {}, {})
    expect(result).toMatchObject({ status: 'runtime_error', exitCode: 3, signal: null, leftProcesses: 0 })
    const { steps } = await perform({
      steps: [step('cat', { stdin: Buffer.from('given').toString('base64') })],
    })
    expect(steps[0]).toMatchObject({ status: 'ok', stdout: { content: 'given', bytes: 5, truncated: false } })
    expect(steps[0]?.wallUs).toBeLessThan(1_000_000)
    expect(steps[0]?.memoryPeakBytes).toBeGreaterThan(0)
    expect(steps[0]?.memoryPeakBytes).toBeLessThan(4 << 20)
  })

  it('tells bytes that are no text as they are', async () => {
    const result = await python('import sys; sys.stdout.buffer.write(bytes([0, 255, 10]))')
    expect(result.stdout).toEqual({ content: 'AP8K', encoding: 'base64', bytes: 3, truncated: false })
  })

  it('passes files, environment and a directory of its own, and hands files back', async () => {
    const files = [
      { path: 'a/b.txt', content: 'x' },
      { path: 'run.sh', content: Buffer.from('#!/bin/sh\ncat a/b.txt; echo $WORD\n').toString('base64') },
    ]
    const { steps, artifacts } = await perform({
      files: [files[0], { ...files[1], encoding: 'base64', executable: true }],
      steps: [step(['./run.sh'], { env: { WORD: 'hi' } }), step('pwd; id -un; printf made > out; mkdir d')],
      artifacts: ['out', 'missing', 'd'],
    })
    expect(steps.map((s) => s.stdout.content)).toEqual(['xhi\n', '/home/user\nuser\n'])
    expect(artifacts).toEqual([
      { path: 'out', sizeBytes: 4, content: Buffer.from('made').toString('base64') },
      { path: 'missing', sizeBytes: null, content: null },
      { path: 'd', sizeBytes: expect.any(Number), content: null },
    ])
  })

  it('stops at the first step that fails, and calls a failed compilation so', async () => {
    const { status, steps } = await perform({
      steps: [step('echo broken >&2; exit 1', { compile: true, name: 'compile' }), step('echo never')],
    })
    expect(status).toBe('compile_error')
    expect(steps.map((s) => [s.name, s.status, s.stderr.content])).toEqual([
      ['compile', 'compile_error', 'broken\n'],
    ])
  })

  it.each([
    ['time_limit', 'sleep 60', { wallMs: 200 }],
    ['time_limit', 'trap "" TERM INT; while :; do sleep 1; done', { wallMs: 200 }],
    ['cpu_limit', 'while :; do :; done', { cpuMs: 200 }],
    ['cpu_limit', 'for i in 1 2 3; do while :; do :; done & done; wait', { cpuMs: 300 }],
    ['memory_limit', 'exec python3 -c "b = bytearray(200 << 20); b[::4096] = b[::4096]"', { memoryMiB: 48 }],
    ['output_limit', 'yes', { outputBytes: 10_000 }],
    ['output_limit', 'yes >&2', { outputBytes: 10_000 }],
    ['process_limit', 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait', { pids: 3 }],
    ['process_limit', 'bash -c ":(){ :|:& };:; sleep 0.5"', { pids: 8 }],
    ['disk_limit', 'head -c 100M /dev/zero > big', { wallMs: 20_000 }],
    ['signaled', 'kill -SEGV $$', {}],
    ['runtime_error', 'no-such-program', {}],
  ])('names what happened: %s (%s)', async (status, command, over) => {
    const result = await one(command, over)
    expect(result.status).toBe(status)
    expect(result.message).toBeTruthy()
  })

  it('says the truth about output that was cut', async () => {
    const result = await one(['python3', '-c', 'print("x" * 4999)'], { outputBytes: 4000 })
    expect(result).toMatchObject({ status: 'output_limit', stdout: { bytes: 5000, truncated: true } })
    expect(result.stdout.content).toBe('x'.repeat(4000))
  })

  it('ends with its program: what it leaves behind is killed and counted', async () => {
    const began = performance.now()
    expect(await one('sleep 300 & echo done')).toMatchObject({
      ...{ status: 'ok', exitCode: 0, leftProcesses: 1, stdout: { content: 'done\n' } },
    })
    const forked =
      'import os,time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(300)\n  os._exit(0)\nos.wait()\nprint("parent")'
    expect(await python(forked)).toMatchObject({ leftProcesses: 1, stdout: { content: 'parent\n' } })
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(await python('import os,time; os.close(1); os.close(2); time.sleep(0.2)')).toMatchObject({
      status: 'ok',
      leftProcesses: 0,
    })
  })

  it('ends at its time limit also while its tenant is paused', async () => {
    const paused = newId('tn')
    const sleeping = step('sleep 60 & sleep 60', { limits: { ...limits, wallMs: 2000 } })
    const events = await lines({ steps: [sleeping], tenantId: paused }, (event) => {
      if (event.type === 'begin') void instance.call('POST', `/tenants/${paused}/pause`)
    })
    expect(events.at(-1)).toMatchObject({ type: 'end', result: { status: 'time_limit' } })
    // With its last program its tenant is gone from this node.
    await expect
      .poll(async () => (await instance.call('GET', `/tenants/${paused}`)).status, { timeout: 20_000 })
      .toBe(404)
  })

  it.each([
    ['its files are placed', 'true', [{ path: 'a.txt', content: 'a', encoding: 'utf8' }]],
    ['its program writes', 'echo a > a.txt', []],
  ])(
    'is a lost attempt, to be tried again, when the disk is read-only while %s',
    async (_, command, files) => {
      await instance.poolFull()
      const volumes = readdirSync(join(instance.disk, 'runs')).map((name) =>
        join(instance.disk, 'runs', name),
      )
      const makeReadOnly = async (readOnly: boolean) => {
        for (const volume of volumes) {
          await run('btrfs', ['property', 'set', '-ts', volume, 'ro', String(readOnly)]).catch(() => {}) // it is gone
        }
      }
      await makeReadOnly(true)
      try {
        const said = await lines({ steps: [step(command)], files }).then(
          (events) => JSON.stringify(events.at(-1)),
          (refused: Error) => refused.message,
        )
        // `internal` is the node's own fault: the server tries again.
        expect(said).toContain('"code":"internal","message":"the disk of the node cannot be written"')
      } finally {
        await makeReadOnly(false)
      }
    },
  )

  it('sees as many processors as it may use', async () => {
    const ask = 'import os; print(len(os.sched_getaffinity(0)), os.cpu_count() > 0)'
    const { stdout } = await python(ask)
    expect(stdout.content).toBe('1 True\n')
    const cases = [asCase('', '1\n'), asCase('', '1\n')]
    expect((await perform({ steps: [step('nproc')], cases })).status).toBe('ok')
  })

  it('gains no privileges: sudo does not work', async () => {
    const result = await one('sudo -n id')
    expect(result.exitCode).not.toBe(0)
    expect(result.stderr.content).toMatch(/no new privileges/)
  })

  it('has no network unless it asks for one', async () => {
    expect((await one('ls /sys/class/net')).stdout.content).toBe('lo\n')
  })

  it('counts processor time as getrusage does, and memory as it is touched', async () => {
    const burn =
      'import resource,time\nwhile time.process_time() < 0.4: pass\nr=resource.getrusage(resource.RUSAGE_SELF)\nprint(r.ru_utime+r.ru_stime)'
    const result = await python(burn)
    const ownUs = Number(result.stdout.content) * 1e6
    expect(Math.abs(result.cpuUs - ownUs)).toBeLessThan(Math.max(2000, ownUs * 0.05))
    const touch = (mib: number) =>
      python(`b = bytearray(${mib} << 20)\nfor i in range(0, len(b), 4096): b[i] = 1`)
    const [small, large] = [await touch(1), await touch(41)]
    const touched = 40 << 20
    expect(Math.abs(large.memoryPeakBytes - small.memoryPeakBytes - touched)).toBeLessThan(touched * 0.05)
  })

  it('is heard while it goes, and canceled by closing the line', async () => {
    const began = performance.now()
    const events = await lines({ steps: [step('echo first; sleep 60')] }, (event, cancel) => {
      if (event.type === 'output') cancel()
    }).catch(() => [])
    expect(performance.now() - began).toBeLessThan(5000)
    expect(events.map((event) => event.type)).not.toContain('end')
  })

  it('runs cases each in a pristine state, and judges them', async () => {
    const dirty =
      'read word; echo $word; ls; cat seen 2>/dev/null; echo $word >> seen; touch /tmp/x /dev/shm/y'
    const { status, steps, cases } = await perform({
      steps: [step('echo built > program', { name: 'compile', compile: true }), step(dirty)],
      cases: ['a', 'b', 'c'].map((word) => asCase(`${word}\n`, `${word}\nprogram\n`)),
    })
    expect(steps).toHaveLength(1)
    expect(cases.map((one) => [one.index, one.name, one.status, one.stdout.content])).toEqual([
      [0, '1', 'ok', 'a\nprogram\n'],
      [1, '2', 'ok', 'b\nprogram\n'],
      [2, '3', 'ok', 'c\nprogram\n'],
    ])
    expect(status).toBe('ok')
    const mixed = await perform({
      steps: [step('read word; [ $word != bad ] || exit 4; echo $word $1')],
      cases: [
        { ...asCase('one', 'one x'), args: ['x'] },
        asCase('two', 'three'),
        asCase('bad'),
        { ...asCase('one', 'one   \n\n'), compare: 'exact' },
      ],
    })
    expect(mixed.cases.map((one) => one.status)).toEqual([
      'ok',
      'wrong_answer',
      'runtime_error',
      'wrong_answer',
    ])
    expect(mixed.status).toBe('wrong_answer')
  })

  it('leaves nothing of a case to the next, not even shared memory or a process', async () => {
    const leave = [
      'import ctypes, os, sys, time',
      'libc = ctypes.CDLL(None)',
      'print(open("/proc/sysvipc/shm").read().count("\\n"))',
      'libc.shmget(42, 4096, 0o1600)',
      'if os.fork() == 0: time.sleep(100)',
    ].join('\n')
    const { cases } = await perform({
      files: [{ path: 'leave.py', content: leave }],
      steps: [step(['python3', 'leave.py'])],
      cases: [asCase(''), asCase(''), asCase('')],
    })
    expect(cases.map((one) => [one.status, one.stdout.content, one.leftProcesses])).toEqual([
      ['ok', '1\n', 1],
      ['ok', '1\n', 1],
      ['ok', '1\n', 1],
    ])
  })

  it('cannot touch the gate of the case after it', async () => {
    const kill = 'cd /proc; for p in [0-9]*; do [ $p = $$ ] || kill -9 $p 2>/dev/null; done; echo done'
    const { cases } = await perform({
      steps: [step(kill)],
      cases: Array.from({ length: 5 }, () => asCase('')),
    })
    expect(cases.map((one) => one.stdout.content)).toEqual(Array(5).fill('done\n'))
  })

  it('stops at the first case that fails, when asked', async () => {
    const { cases } = await perform({
      ...{ steps: [step('false')], cases: [asCase(''), asCase('')], stopOnFailure: true },
    })
    expect(cases).toHaveLength(1)
  })

  it('finds a sandbox also when the pool is empty: one made for it, and joined at once', async () => {
    const runs = await Promise.all(Array.from({ length: 10 }, () => perform({ steps: [step('echo hi')] })))
    expect(runs.map(({ steps }) => steps[0]?.stdout.content)).toEqual(Array(10).fill('hi\n'))
  })

  it('is refused with words when it makes no sense here', async () => {
    await expect(perform({ template: 'nope', steps: [step('true')] })).rejects.toThrow(/422.*nope/)
    await expect(perform({ steps: [] })).rejects.toThrow(/400/)
    await expect(perform({ cpus: 99, steps: [step('true')] })).rejects.toThrow(/422/)
  })

  it('leaves nothing behind, not even when the runtime is killed or shut down in the middle', async () => {
    const begin = () =>
      new Promise<{ ended: Promise<unknown> }>((resolve) => {
        const judge = judgeOf('interactive', 'sleep 60')
        const ended = lines({ steps: [step('sleep 60')], judge }, (event) => {
          if (event.type === 'begin') resolve({ ended })
        }).catch(() => {}) // the line breaks
      })
    const first = await begin()
    await instance.restart()
    await first.ended
    const { text } = await instance.call('GET', '/node')
    expect(JSON.parse(text)).toMatchObject({ sandboxes: 0, running: 0 })
    const second = await begin()
    expect((await instance.call('POST', '/shutdown')).status).toBe(204)
    await second.ended
    expect(readdirSync(join(instance.disk, 'sandboxes'))).toEqual([])
    expect(readdirSync(`/run/cloche/${testInstance}/boxes`)).toEqual([])
    expect(readdirSync(`/run/cloche/${testInstance}/bundles`)).toEqual([])
  })
})
