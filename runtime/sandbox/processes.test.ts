import { readdirSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FrameDecoder, frameType } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { readOutput } from '../testing/process-lines.js'
import { caseOf, performOn, stepOf } from '../testing/runs.js'

describe('the processes of a sandbox', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let id: string

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    id = (await instance.claim({ limits: { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 } })).id
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  /** Asks inside until it is so. */
  const becomes = async (script: string, expected: string) => {
    for (let tries = 0; ; tries++) {
      const { stdout } = await instance.exec(id, script)
      if (stdout.trim() === expected || tries > 100) return expect(stdout.trim()).toBe(expected)
      await sleep(50)
    }
  }

  it('lose no output of a command that ends while the runtime stands still', async () => {
    const stdouts: string[] = []
    for (let round = 0; round < 24; round++) {
      const running = instance.exec(id, 'echo all')
      await sleep(round / 2)
      process.kill(instance.pids.runtime, 'SIGSTOP')
      await sleep(150)
      process.kill(instance.pids.runtime, 'SIGCONT')
      stdouts.push((await running).stdout)
    }
    expect(stdouts).toEqual(stdouts.map(() => 'all\n'))
  })

  it('lose no output of the steps and cases of a run while the runtime stands still again and again', async () => {
    let over = false
    const stall = async () => {
      while (!over) {
        process.kill(instance.pids.runtime, 'SIGSTOP')
        await sleep(120)
        process.kill(instance.pids.runtime, 'SIGCONT')
        await sleep(30)
      }
    }
    const stalls = stall()
    try {
      for (let round = 0; round < 4; round++) {
        const { steps } = await performOn({ steps: [stepOf('echo all'), stepOf('echo more')] })
        expect(steps.map(({ stdout }) => stdout.content)).toEqual(['all\n', 'more\n'])
        const { cases } = await performOn({
          steps: [stepOf('cat')],
          cases: [caseOf('one\n'), caseOf('two\n')],
        })
        expect(cases.map(({ stdout }) => stdout.content)).toEqual(['one\n', 'two\n'])
      }
    } finally {
      over = true
      await stalls
    }
  })

  it('lose no output to a reader that is slower than they are', async () => {
    // With some of these the last bytes are in the pipe, and the command has ended, before anything is read.
    const sizes = [100_000, 200_000, 250_000, 300_000, 350_000, 400_000, 450_000, 500_000, 600_000]
    const received = async (size: number) => {
      const socketPath = `/run/cloche/${testInstance}/runtime.sock`
      const call = { socketPath, method: 'POST', path: `/sandboxes/${id}/exec`, agent: false }
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = request(call, resolve).once('error', reject)
        outgoing.end(JSON.stringify({ command: `head -c ${size} /dev/zero`, timeoutMs: 30_000 }))
      })
      await sleep(500)
      const frames = new FrameDecoder().push(await buffer(answer))
      expect(frames.at(-1)?.type).toBe(frameType.exit)
      const out = frames.filter(({ type }) => type === frameType.stdout)
      return out.reduce((sum, { payload }) => sum + payload.length, 0)
    }
    expect(await Promise.all(sizes.map(received))).toEqual(sizes)
  })

  it('go on in the background when their exec has been answered, whatever they write', async () => {
    const job = `(trap 'echo pipe >/tmp/s' PIPE; sleep 0.5; echo late && head -c 300000 /dev/zero && echo alive >/tmp/s) &`
    const { stdout, exit } = await instance.exec(id, `rm -f /tmp/s; ${job} echo hi`)
    expect([stdout, exit?.exitCode]).toEqual(['hi\n', 0])
    await becomes('cat /tmp/s', 'alive')
  })

  it('go on in the background when the runtime is started anew', async () => {
    await instance.exec(
      id,
      `rm -f /tmp/s; (sleep 1; while ! [ -e /tmp/go ]; do sleep 0.1; done; head -c 300000 /dev/zero && echo alive >/tmp/s) & echo hi`,
    )
    await instance.restart()
    await instance.exec(id, 'touch /tmp/go')
    await becomes('cat /tmp/s', 'alive')
  })

  it('leave the runtime no descriptor for each job that a tenant left behind', async () => {
    const open = () => descriptorsOf(instance.pids.runtime)
    const before = open()
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 5 }, () => instance.exec(id, 'sleep 60 & echo')))
    }
    // Two for each job; connections that are just ending have one too.
    try {
      await expect.poll(() => open() - before).toBeLessThanOrEqual(60)
    } finally {
      await instance.exec(id, 'pkill -x sleep')
    }
    await expect.poll(() => open() - before).toBeLessThanOrEqual(2)
  })

  it('that could not be started are reaped at once', async () => {
    const starts = [{ command: ['nope'] }, { command: ['true'], cwd: '/nope' }, { command: ['/etc/passwd'] }]
    for (let count = 0; count < 90; count++) {
      const { command, ...more } = starts[count % starts.length] ?? { command: ['nope'] }
      expect((await instance.exec(id, command, more)).status).toBe(400)
    }
    expect((await instance.exec(id, 'echo $(echo well)')).stdout).toBe('well\n')
    for (let count = 0; count < 90; count++) {
      const wrong = count % 2 === 0 ? { command: ['nope'] } : { cwd: '/nope' }
      const refused = await instance.call('POST', `/sandboxes/${id}/terminals`, wrong)
      expect(refused.status).toBe(400)
    }
    expect((await instance.exec(id, 'echo $(echo well)')).stdout).toBe('well\n')
    const held = Number((await instance.exec(id, 'ls -d /proc/[0-9]* | wc -l')).stdout)
    expect(held).toBeLessThan(8)
  })

  it('of a sandbox that is just ending are refused with sandbox_not_running, and nothing of the host is told', async () => {
    const answers: { status: number; text: string }[] = []
    for (let round = 0; round < 8; round++) {
      const { id } = await instance.claim()
      const init = instance.recordOf(id).init?.pid ?? 0
      const starts = Array.from({ length: 6 }, async (_, at) => {
        await sleep(at * 2)
        const { status, stderr } = await instance.exec(id, ['true'])
        answers.push({ status, text: stderr })
      })
      await sleep(round)
      process.kill(init, 'SIGKILL')
      await Promise.all(starts)
      answers.push(await instance.call('POST', `/sandboxes/${id}/terminals`, {}))
      await instance.call('DELETE', `/sandboxes/${id}`)
    }
    const refused = answers.filter(({ status }) => status >= 300)
    expect(refused.length).toBeGreaterThan(0)
    for (const { status, text } of refused) {
      expect([status, refusalOf({ status, text }).code]).toEqual([409, 'sandbox_not_running'])
      expect(text).not.toMatch(/setns|\/run|\/var|\/proc|pid|b\d+/)
    }
  })

  it('are killed at their deadline also while the sandbox is paused: answered then, and dead when it thaws', async () => {
    const running = instance.exec(id, ['sleep', '97'], { timeoutMs: 700 })
    await sleep(300)
    expect((await instance.call('POST', `/sandboxes/${id}/pause`)).status).toBe(200)
    expect((await running).exit).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGKILL' })
    expect((await instance.call('POST', `/sandboxes/${id}/resume`)).status).toBe(200)
    await becomes('pgrep -cx sleep', '0')
  })

  it('that are attached to are told as ended at their deadline too, whatever has been paused meanwhile', async () => {
    const path = `/sandboxes/${id}/processes`
    const start = async (more: object) => {
      const command = ['sh', '-c', 'echo begun; exec sleep 96']
      return JSON.parse((await instance.call('POST', path, { command, timeoutMs: 700, ...more })).text).id
    }
    const plain = await start({})
    using reader = await readOutput(`/run/cloche/${testInstance}/runtime.sock`, `${path}/${plain}`, '', true)
    const inTerminal = await start({ tty: { cols: 80, rows: 24 } })
    await sleep(300)
    expect((await instance.call('POST', `/sandboxes/${id}/pause`)).status).toBe(200)
    const killed = { exitCode: null, signal: 'SIGKILL' }
    for (const one of [plain, inTerminal]) {
      const { text } = await instance.call('GET', `${path}/${one}?waitMs=10000`)
      expect(JSON.parse(text)).toMatchObject({ timedOut: true, exit: killed, pid: null })
    }
    expect(await reader.ended).toEqual(killed)
    expect(reader.pieces.map(({ text }) => text).join('')).toBe('begun\n')
    expect((await instance.call('POST', `/sandboxes/${id}/resume`)).status).toBe(200)
    await becomes("pgrep -cf '^sleep 96'", '0')
  })

  it('that a pause catches while they start are answered for, and do not run when it thaws', async () => {
    const act = (what: string, method = 'POST') => instance.call(method, `/sandboxes/${id}/${what}`)
    for (let round = 0; round < 16; round++) {
      const running = instance.exec(id, ['sleep', '98'], { timeoutMs: 100 })
      const opening = instance.call('POST', `/sandboxes/${id}/terminals`, { command: ['sleep', '99'] })
      await sleep(round)
      expect((await act('pause')).status).toBe(200)
      const { exit, stderr } = await running
      if (exit === null) expect(refusalOf({ status: 409, text: stderr }).code).toBe('sandbox_not_running')
      else expect(exit).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGKILL' })
      const opened = await opening
      expect((await act('resume')).status).toBe(200)
      if (opened.status === 201) await act(`terminals/${JSON.parse(opened.text).id}`, 'DELETE')
      else expect(refusalOf(opened).code).toBe('sandbox_not_running')
    }
    await becomes("pgrep -cf '^sleep 9[89]'", '0')
  })

  it('cannot be given a NUL: it is refused with the name of the field', async () => {
    const refused = await instance.exec(id, ['echo', 'a\0b'])
    expect([refused.status, refused.stderr]).toEqual([400, expect.stringContaining('command[1]')])
  })
})

const descriptorsOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length
