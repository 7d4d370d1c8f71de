import { execFile } from 'node:child_process'
import { readlinkSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Run, run as runSchema } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { initOf, read } from '../../testing/init-of.js'
import { type Instance, openInstance } from '../../testing/instance.js'

const spawn = promisify(execFile)

describe('a run that something else than its program stops', () => {
  let instance: Instance
  let ann: TestClient

  const start = async (body: object) =>
    runSchema.parse((await ann.call('POST', '/api/v1/runs', body)).body).id
  const ended = async (id: string): Promise<Run> => {
    for (let tries = 0; tries < 1200; tries++) {
      const answer = await ann.call('GET', `/api/v1/runs/${id}`).catch(() => undefined) // the server may be away
      const run = runSchema.safeParse(answer?.body).data
      if (run?.finishedAt) return run
      await sleep(50)
    }
    throw new Error(`${id} does not end`)
  }
  /** Kills the sandbox in which `sleep MARK` runs, so many times. */
  const killInit = async (mark: string, times: number) => {
    for (let killed = 0, tries = 0; killed < times; tries++) {
      if (tries > 1200) throw new Error(`nobody sleeps ${mark}`)
      const init = initOf(mark)
      if (init !== undefined) {
        process.kill(init, 'SIGKILL')
        killed++
        while (read(() => readlinkSync(`/proc/${init}/ns/pid`)) !== '') await sleep(10)
      }
      await sleep(20)
    }
  }

  beforeAll(async () => {
    instance = await openInstance('fa', { CLOCHE_POOL_RUNS: '1', CLOCHE_RUN_PLACES: '2' })
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
  }, 300_000)
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
  })

  it('begins again when its sandbox dies: in a step, in a case, while it compiles, and when it is that of the judge', async () => {
    const inStep = await start({ command: 'sleep 4.31; echo done' })
    await killInit('4.31', 1)
    const inCase = await start({ command: 'sleep 4.32; cat', cases: [{ stdin: 'a' }, { stdin: 'b' }] })
    await killInit('4.32', 1)
    const compiling = await start({
      steps: [{ name: 'compile', command: 'sleep 4.33' }, { command: 'echo built' }],
    })
    await killInit('4.33', 1)
    const inJudge = await start({
      command: 'cat',
      judge: { mode: 'interactive', command: 'sleep 4.35; exit 0' },
    })
    await killInit('4.35', 1)
    const inChecker = await start({
      ...{ command: 'cat', cases: [{ stdin: 'a' }, { stdin: 'b' }] },
      judge: { mode: 'checker', command: 'sleep 2.36; exit 0' },
    })
    await killInit('2.36', 1)
    for (const id of [inStep, inCase, compiling, inJudge, inChecker]) {
      expect(await ended(id)).toMatchObject({ status: 'ok', attempt: 2, message: null })
    }
  })

  it('is given up after three attempts, and says why', async () => {
    const id = await start({ command: 'sleep 4.34; echo done' })
    await killInit('4.34', 3)
    const run = await ended(id)
    expect(run).toMatchObject({ status: 'internal_error', attempt: 3 })
    expect(run.message).toBe('given up after 3 attempts: the sandbox of the run ended before its program did')
  })

  it('is not repeated when the program kills itself, or cannot be placed', async () => {
    expect(await ended(await start({ command: 'kill -9 $$' }))).toMatchObject({
      status: 'signaled',
      attempt: 1,
    })
    const files = [
      { path: 'a/b', content: '' },
      { path: 'a', content: '' },
    ]
    const run = await ended(await start({ command: 'true', files }))
    expect(run).toMatchObject({ status: 'internal_error', attempt: 1 })
    expect(run.message).toMatch(/^files: a is a directory/)
  })

  it('is no disk_limit when the disk of the node is full', async () => {
    const limit = (size: string) =>
      spawn('btrfs', ['qgroup', 'limit', size, '1/1', join(instance.home, 'disk')])
    const id = await start({
      command:
        'sleep 4.35; for i in $(seq 60); do head -c 512K /dev/urandom > f$i && sync . || exit 1; done; echo written',
      limits: { diskMiB: 64, wallMs: 60_000 },
    })
    while (initOf('4.35') === undefined) await sleep(20)
    // The runtime renews the limit every two seconds.
    for (let full = true; full; await sleep(50)) {
      await limit('1M')
      const answer = await ann.call('GET', `/api/v1/runs/${id}`)
      full = answer.body.state === 'running' && answer.body.attempt === 1
    }
    await limit('none')
    const run = await ended(id)
    expect(run.steps[0]?.stdout.content).toBe('written\n')
    expect(run.status).toBe('ok')
    expect(run.attempt).toBeGreaterThan(1)
  })

  it('waits, uncounted, while the node has no disk for another sandbox', async () => {
    const disk = join(instance.home, 'disk')
    const filler = join(disk, 'filler')
    const { bavail, bsize } = statfsSync(disk)
    await spawn('fallocate', [
      '--length',
      // A tenth of the disk must be free for a new sandbox.
      String(Math.floor((bavail * bsize) / 1024 ** 2 - 300) * 1024 ** 2),
      filler,
    ])
    try {
      // It looks at its disk every two seconds.
      await sleep(3000)
      // Nothing that waits in the pool has this size.
      const id = await start({ command: 'true', limits: { memoryMiB: 64 } })
      await sleep(2500)
      const { body } = await ann.call('GET', `/api/v1/runs/${id}`)
      expect(body).toMatchObject({ finishedAt: null, message: null })
      await spawn('rm', [filler])
      // What was removed is free from the next commit on.
      await spawn('btrfs', ['filesystem', 'sync', disk])
      expect(await ended(id)).toMatchObject({ status: 'ok', attempt: 1, message: null })
    } finally {
      await spawn('rm', ['-f', filler])
    }
  })

  it('is never an internal_error when the runtime is killed twice among many', async () => {
    const cases = [
      { stdin: 'x', expected: 'x' },
      { stdin: 'y', expected: 'y' },
    ]
    const ids: string[] = []
    for (let at = 0; at < 12; at++) ids.push(await start({ command: 'sleep 0.3; cat', cases }))
    for (let times = 0; times < 2; times++) {
      await sleep(700)
      const pid = (await instance.processes()).get('runtime')
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await sleep(1500)
    }
    const runs = await Promise.all(ids.map(ended))
    expect(runs.map(({ status, message }) => [status, message])).toEqual(Array(12).fill(['ok', null]))
  })
})
