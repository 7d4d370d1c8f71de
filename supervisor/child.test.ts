import { mkdtempSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Failure } from '../cli/command.js'
import { Child, type Service } from './child.js'
import { isRunning } from './lock.js'
import { logPath, tailOf } from './logs.js'
import { until } from './testing/instance.js'

const service = (script: string): Service => ({
  name: 'thing',
  command: () => ['bash', '-c', script],
  env: process.env,
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 300,
  ready: async () => true,
  readyTimeoutMs: 20_000,
})
const never = new AbortController().signal

describe('a child of the supervisor', () => {
  let home: string
  let said: string[]
  const make = (of: Service) =>
    new Child(
      of,
      home,
      (line) => said.push(line),
      () => {},
    )
  beforeEach(() => {
    home = mkdtempSync('/var/tmp/cloche-child-')
    said = []
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('is started again when it dies, and says so', async () => {
    const child = make(service('sleep 1000'))
    child.start()
    const first = child.known?.pid ?? 0
    process.kill(first, 'SIGKILL')
    await until('it is up again', () => said.includes('thing is up again'))
    expect(said).toEqual(['thing died (SIGKILL); starting it again in 0.25 s', 'thing is up again'])
    expect(child.known?.pid).not.toBe(first)
    await child.stop()
  })

  it('that cannot start fails with the end of its log, and is tried no more than a few times at once', async () => {
    const child = make({ ...service('echo no such luck >&2; exit 3'), ready: async () => false })
    child.start()
    const failure = await child.untilReady(never).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    expect(String(failure)).toMatch(/thing does not start\. The end of .*thing\.log:\n {2}no such luck/)
    await child.stop()
    expect(said).toEqual([
      'thing died (exit code 3); starting it again in 0.25 s',
      'thing died (exit code 3); starting it again in 0.5 s',
      'thing died (exit code 3); starting it again in 1 s',
      'thing died (exit code 3); starting it again in 2 s',
      'thing died (exit code 3); starting it again in 4 s',
    ])
  })

  it('that does not answer in time fails', async () => {
    const child = make({ ...service('sleep 1000'), ready: async () => false, readyTimeoutMs: 200 })
    child.start()
    await expect(child.untilReady(never)).rejects.toThrow('thing does not answer after 0.2 s')
    await child.stop()
  })

  it('that ignores its signal is killed', async () => {
    const child = make(service('trap "" TERM; echo deaf; while :; do sleep 0.01; done'))
    child.start()
    await until('it is deaf', () => tailOf(logPath(home, 'thing')).includes('deaf'))
    const known = child.known
    await child.stop()
    expect(said).toEqual(['thing does not end; killing it'])
    expect(known !== undefined && isRunning(known)).toBe(false)
  })

  it('that is not there fails with its name', async () => {
    const child = make({ ...service(''), command: () => ['/no/such/program'], ready: async () => false })
    child.start()
    await expect(child.untilReady(never)).rejects.toThrow('thing does not start')
    expect(said[0]).toContain('/no/such/program')
    await child.stop()
  })
})
