import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../protocol/api/index.js'
import type { Instance } from '../testing/instance.js'
import { type BreakableLine, openProxy } from '../testing/proxy.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { Cloche, ConnectionFailed, NotFound, type Sandbox, type Terminal } from './index.js'

describe('terminals', () => {
  let instance: Instance
  let proxy: BreakableLine
  let cloche: Cloche
  let sandbox: Sandbox

  beforeAll(async () => {
    instance = await sharedInstance()
    proxy = await openProxy(instance.url)
    cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    const limits = { memoryMiB: 128, diskMiB: 64, pids: 64 }
    sandbox = await cloche.sandboxes.create({ limits })
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  /** Takes events, as a person's screen would, until the text so far fits. */
  const watch = async (terminal: Terminal, until: RegExp, seen = { text: '' }) => {
    const events = terminal[Symbol.asyncIterator]()
    for (let next = await events.next(); !next.done; next = await events.next()) {
      const event = next.value
      if (event.type === 'output' || event.type === 'screen') seen.text += Buffer.from(event.bytes)
      if (event.type === 'exit') return event
      if (until.test(seen.text)) return event
    }
    throw new Error(`ended at: ${seen.text}`)
  }

  it('types into one, resizes it, and hears how it ended', async () => {
    const terminal = await sandbox.terminals.open({ cols: 90, rows: 20 })
    terminal.resize(100, 30)
    terminal.write('stty size; exit 7\r')
    const seen = { text: '' }
    expect(await watch(terminal, /never/, seen)).toEqual({ type: 'exit', exitCode: 7, signal: null })
    expect(seen.text).toContain('30 100')
  })

  it('runs a command of its own in one', async () => {
    const terminal = await sandbox.terminals.open({
      command: ['sh', '-c', 'tty; echo $X'],
      env: { X: 'y' },
    })
    const seen = { text: '' }
    await watch(terminal, /never/, seen)
    expect(seen.text).toMatch(/\/dev\/pts\/\d+\r\ny\r\n/)
  })

  it('loses nothing of what it writes, however often the line breaks', async () => {
    const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey }).sandboxes.at(sandbox.id)
    // Each block waits for Enter, so that there is a break in each, however slow the line comes back.
    const loop = 'for b in 1 2 3 4; do for i in $(seq 700); do echo line $b $i; done; read -s; done'
    const terminal = await away.terminals.open({ command: ['bash', '-c', loop] })
    let text = ''
    let breaks = 0
    let block = 1
    let cut = 0
    for await (const event of terminal) {
      expect(event.type).not.toBe('screen')
      if (event.type === 'output') text += Buffer.from(event.bytes)
      if (event.type === 'line' && !event.up) breaks++
      if (cut < block && text.includes(`line ${block} 1\r`)) {
        cut = block
        proxy.cut()
      }
      if (breaks === block && event.type !== 'exit' && text.includes(`line ${block} 700\r\n`)) {
        block++
        terminal.write('\r')
      }
    }
    expect(breaks).toBe(4)
    const lines = [1, 2, 3, 4].flatMap((b) =>
      Array.from({ length: 700 }, (_, at) => `line ${b} ${at + 1}\r\n`),
    )
    expect(text).toBe(lines.join(''))
  })

  it('keeps what is typed while the line is down', async () => {
    const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey }).sandboxes.at(sandbox.id)
    const terminal = await away.terminals.open({ command: ['cat'] })
    const events = terminal[Symbol.asyncIterator]()
    const line = async () => {
      for (let next = await events.next(); !next.done; next = await events.next()) {
        if (next.value.type === 'line') return next.value.up
      }
      return undefined
    }
    expect(await line()).toBe(true)
    proxy.open = false
    proxy.cut()
    expect(await line()).toBe(false)
    terminal.write('typed blindly\r')
    expect(() => terminal.write('x'.repeat(2_000_000))).toThrow(ConnectionFailed)
    proxy.open = true
    expect(await line()).toBe(true)
    await watch(terminal, /typed blindly\r\ntyped blindly/)
  })

  it('goes on while the runtime is away: its bytes take the direct way', async () => {
    const terminal = await sandbox.terminals.open({ command: ['cat'] })
    terminal.write('before\r')
    await watch(terminal, /before\r\nbefore/)
    const runtime = (await instance.processes()).get('runtime') ?? 0
    process.kill(runtime, 'SIGKILL')
    terminal.write('after\r')
    expect(await watch(terminal, /after\r\nafter/)).toMatchObject({ type: 'output' })
    await expect
      .poll(
        () =>
          sandbox.terminals.list().then(
            (all) => all.length,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBeGreaterThan(0)
    await sandbox.terminals.close(terminal.id)
  })

  it('joins one that exists, shows its screen, and ends it', async () => {
    const first = await sandbox.terminals.open()
    first.write('echo $((6*7))\r')
    const second = await sandbox.terminals.attach(first.id)
    await watch(second, /42/)
    expect((await sandbox.terminals.list()).map(({ id }) => id)).toContain(first.id)
    await sandbox.terminals.close(first.id)
    expect(await watch(first, /never/)).toMatchObject({ type: 'exit' })
    await expect(sandbox.terminals.attach(newId('tm'))).rejects.toThrow(NotFound)
  })

  it('holds a program back that writes faster than its reader draws', async () => {
    const command = ['bash', '-c', 'read; head -c 5000000 /dev/zero']
    const terminal = await sandbox.terminals.open({ command })
    terminal.write('\r')
    let bytes = 0
    for await (const event of terminal) {
      if (event.type !== 'output') continue
      bytes += event.bytes.filter((byte) => byte === 0).length
      if (bytes < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(bytes).toBe(5_000_000)
  })
})
