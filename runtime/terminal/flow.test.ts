import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { terminal } from '../../protocol/api/index.js'
import { flowHighWaterBytes } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { stateOf } from '../testing/terminal-state.js'
import { watch } from '../testing/watcher.js'

const mib = 1024 ** 2

describe('a terminal that is flooded', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let sandbox: string
  const socket = `/run/cloche/${testInstance}/runtime.sock`

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    sandbox = (await instance.claim()).id
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const open = async (script: string) => {
    const body = { command: ['/bin/bash', '-c', script] }
    const answer = await instance.call('POST', `/sandboxes/${sandbox}/terminals`, body)
    return terminal.parse(JSON.parse(answer.text)).id
  }
  const attach = (id: string, options: Parameters<typeof watch>[2] = {}) =>
    watch(socket, `/sandboxes/${sandbox}/terminals/${id}/attach?since=0`, { keep: false, ...options })
  const close = (id: string) => instance.call('DELETE', `/sandboxes/${sandbox}/terminals/${id}`)
  /** Resident memory of the process host. */
  const hostBytes = () => {
    const status = readFileSync(`/proc/${instance.pids.terminals}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024
  }

  it.each([
    ['yes', 'yes'],
    ['random text', 'base64 /dev/urandom'],
    ['colours', "yes $'\\e[3;32mcolour\\e[0m and plain'"],
  ])('by %s grows no memory, and Ctrl-C ends it', async (_, flood) => {
    const id = await open(`trap 'echo; echo stopp''ed; read x' INT; read x; ${flood}`)
    using one = await attach(id)
    one.type('\n')
    // By then its buffers are full, and what is dropped is collected as fast as it comes.
    await one.until(() => one.seq > 16 * mib, '16 MiB')
    const before = hostBytes()
    // What is dropped is collected every few dozen MiB: what would be kept is more than that.
    await one.until(() => one.seq > 48 * mib, '32 MiB more')
    await one.until(() => one.seq > 80 * mib, 'another 32 MiB')
    expect(hostBytes() - before).toBeLessThan(32 * mib)
    one.type('\x03')
    const at = one.seq
    for (let seq = -1; seq !== one.seq; await sleep(200)) seq = one.seq
    // What was on its way when the key was struck, and no more.
    expect(one.seq - at).toBeLessThan(4 * flowHighWaterBytes)
    expect(await linesOf(id)).toContain('stopped')
    await close(id)
  })

  /** The lines that a new viewer sees. */
  async function linesOf(id: string): Promise<string[]> {
    using viewer = await watch(socket, `/sandboxes/${sandbox}/terminals/${id}/attach`, { drawing: true })
    const { active } = (await viewer.screen()).buffer
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? '')
  }

  it('stops while its only viewer acknowledges nothing, and goes on where it was', async () => {
    const id = await open('read x; yes')
    using one = await attach(id, { acknowledging: false })
    one.type('\n')
    await one.until(() => one.seq >= flowHighWaterBytes, 'all that may be on its way')
    await sleep(500)
    const stood = one.seq
    await sleep(300)
    expect(one.seq).toBe(stood)
    expect(stood).toBeLessThanOrEqual(flowHighWaterBytes)
    one.acknowledge()
    await one.until(() => one.seq > 4 * mib, 'more')
    expect(one.headers).toHaveLength(1)
    await close(id)
  })

  it('does not wait for a viewer that stalls while another keeps up; it goes on from a screen later', async () => {
    const id = await open('read x; base64 /dev/urandom | head -c 20000000; echo; read x')
    using fast = await attach(id, { drawing: true })
    using slow = await attach(id, { drawing: true, acknowledging: false })
    fast.type('\n')
    // Line feeds become two characters, so that more than these come.
    await fast.until(() => fast.seq > 20_000_000, 'all but the last lines')
    for (let seq = -1; seq !== fast.seq; await sleep(500)) seq = fast.seq
    expect(slow.seq).toBeLessThanOrEqual(flowHighWaterBytes)
    slow.acknowledge()
    await slow.until(() => slow.seq === fast.seq, 'to catch up')
    expect(slow.headers.map(({ screen }) => screen)).toEqual([false, true])
    expect(await stateOf(await slow.screen())).toEqual(await stateOf(await fast.screen()))
    await close(id)
  })

  it('goes on byte for byte with a viewer that was set aside and has missed little', async () => {
    const id = await open('read x; yes | head -n 200000; read x')
    using fast = await attach(id, { keep: true })
    using slow = await attach(id, { keep: true, acknowledging: false })
    fast.type('\n')
    await fast.until(() => fast.seq > 600_000, 'everything')
    slow.acknowledge()
    await slow.until(() => slow.seq === fast.seq, 'to catch up')
    expect(slow.headers).toHaveLength(1)
    expect(slow.output().equals(fast.output())).toBe(true)
    await close(id)
  })
})
