import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instance } from '../testing/instance.js'
import { type BreakableLine, openProxy } from '../testing/proxy.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { Cloche, Conflict, InvalidRequest, NotFound, type Process, type Sandbox } from './index.js'

const mib = 1024 ** 2

describe('processes', () => {
  let instance: Instance
  let proxy: BreakableLine
  let sandbox: Sandbox
  /** The same sandbox, over a line that breaks. */
  let away: Sandbox

  beforeAll(async () => {
    instance = await sharedInstance()
    proxy = await openProxy(instance.url)
    const { apiKey } = instance.admin
    const cloche = new Cloche({ url: instance.url, apiKey })
    sandbox = await cloche.sandboxes.create({ limits: { memoryMiB: 128, diskMiB: 64, pids: 64 } })
    away = new Cloche({ url: proxy.url, apiKey }).sandboxes.at(sandbox.id)
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  const textOf = async (process: Process, since?: number) => {
    let text = ''
    for await (const event of process.output(since === undefined ? {} : { since })) {
      if (event.type === 'stdout' || event.type === 'stderr') text += Buffer.from(event.bytes)
      else if (event.type === 'gap') text += `<gap ${event.seq}>`
      else if (event.type === 'exit') text += `<${event.exitCode ?? event.signal}>`
    }
    return text
  }

  it('are started, waited for, read, listed and found again', async () => {
    const process = await sandbox.processes.start('echo "$0 $X" ; pwd; echo oh >&2; exit 3', {
      ...{ env: { X: 'y' }, cwd: '/tmp' },
    })
    expect(await process.wait()).toEqual({ exitCode: 3, signal: null })
    const again = sandbox.processes.at(process.id)
    expect(await textOf(again)).toBe('/bin/sh y\n/tmp\noh\n<3>')
    expect(await textOf(again, 15)).toBe('oh\n<3>')
    expect(await again.describe()).toMatchObject({
      ...{ id: process.id, tty: null, seq: 18, firstSeq: 0, timedOut: false },
    })
    expect((await sandbox.processes.list()).map(({ id }) => id)).toContain(process.id)
    await again.kill()
    await expect(again.describe()).rejects.toThrow(NotFound)
    await expect(again.wait()).rejects.toThrow(NotFound)
    await expect(textOf(again)).rejects.toThrow(NotFound)
    await expect(sandbox.processes.start(['no-such-program'])).rejects.toThrow(InvalidRequest)
  })

  it('take input as a stream of any length', async () => {
    const process = await sandbox.processes.start('sha256sum', { stdin: true })
    const piece = Buffer.alloc(mib, 'cloche')
    const expected = createHash('sha256')
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ === 128) return controller.close()
        expected.update(piece)
        controller.enqueue(piece)
      },
    })
    await process.write(body)
    await process.write('and more')
    await process.closeStdin()
    expect(await textOf(process)).toBe(`${expected.update('and more').digest('hex')}  -\n<0>`)
    await expect(process.write('late')).rejects.toThrow(Conflict)
    const closed = await sandbox.processes.start(['sleep', '60'])
    await expect(closed.write('nobody reads')).rejects.toThrow(/it took 0 bytes/)
    await closed.kill()
  })

  it('keep their input open while nothing is sent, and when the sender hangs up in the middle', async () => {
    const process = await away.processes.start(['cat'], { stdin: true })
    let enqueue = (_: string) => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        enqueue = (text) => controller.enqueue(Buffer.from(text))
      },
    })
    const sending = process.write(body).catch((error: unknown) => error)
    enqueue('one ')
    await expect.poll(async () => (await process.describe()).seq).toBe(4)
    proxy.cut()
    expect(await sending).toBeInstanceOf(Error)
    await process.write('two', { close: true })
    expect(await textOf(process)).toBe('one two<0>')
  })

  it('are followed over a line that breaks, without a hole and without a byte twice', async () => {
    const loop = 'for b in 1 2 3 4; do seq 1 5000; echo block $b; read x; done'
    const process = await away.processes.start(loop, { stdin: true })
    let text = ''
    let block = 0
    for await (const event of process.output()) {
      expect(event.type).not.toBe('gap')
      if (event.type === 'stdout') text += Buffer.from(event.bytes)
      if (!text.includes(`block ${block + 1}\n`)) continue
      block++
      proxy.cut()
      await sandbox.processes.at(process.id).write('\n')
    }
    const numbers = Array.from({ length: 5000 }, (_, at) => `${at + 1}\n`).join('')
    expect(text).toBe([1, 2, 3, 4].map((b) => `${numbers}block ${b}\n`).join(''))
  })

  it('wait for a reader that is slow, and go on when it leaves', async () => {
    const process = await sandbox.processes.start('read x; head -c 30000000 /dev/zero; echo over', {
      stdin: true,
    })
    const output = process.output()[Symbol.asyncIterator]()
    await process.write('\n')
    await output.next()
    await sleep(500)
    const { seq, exit } = await process.describe()
    expect(exit).toBeNull()
    await sleep(200)
    expect((await process.describe()).seq).toBe(seq)
    await output.return(undefined)
    expect(await process.wait()).toEqual({ exitCode: 0, signal: null })
    const { firstSeq } = await process.describe()
    expect(firstSeq).toBeGreaterThan(seq)
    expect((await textOf(process)).replaceAll('\0', '')).toBe(`<gap ${firstSeq}>over\n<0>`)
  })

  it('are sent signals, resized and killed; those with a terminal are terminals', async () => {
    const process = await sandbox.processes.start(['bash', '-c', 'trap "stty size; exit" USR1; read x'], {
      ...{ tty: { cols: 90, rows: 20 } },
    })
    expect((await sandbox.terminals.list()).map(({ id }) => id)).toContain(process.id)
    await process.resize(100, 30)
    await expect.poll(async () => (await sandbox.exec('pgrep -f "trap .stty"')).stdout).not.toBe('')
    await sleep(100)
    await process.signal('SIGUSR1')
    expect(await process.wait()).toMatchObject({ exitCode: 0 })
    expect(await textOf(process, 0)).toContain('30 100\r\n')
    const sleeper = await sandbox.processes.start(['sleep', '77'])
    await expect(sleeper.resize(80, 24)).rejects.toThrow(InvalidRequest)
    await sleeper.signal('SIGKILL')
    expect(await sleeper.wait()).toEqual({ exitCode: null, signal: 'SIGKILL' })
  })

  it('outlive the server, and are found by whoever knows their id', async () => {
    const process = await sandbox.processes.start('read x; echo "got $x"', { stdin: true })
    const server = (await instance.processes()).get('server') ?? 0
    global.process.kill(server, 'SIGKILL')
    await expect
      .poll(
        () =>
          process.describe().then(
            ({ exit }) => exit,
            () => 'away',
          ),
        { timeout: 60_000 },
      )
      .toBeNull()
    await process.write('it\n')
    expect(await textOf(process)).toBe('got it\n<0>')
  })
})
