import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  ClientToServer,
  ServerToClient,
  SocketAck,
  SocketAttached,
  SocketOpen,
} from '../../protocol/api/index.js'
import { newId } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

type Line = Socket<ServerToClient, ClientToServer>

describe('the namespace /terminals', () => {
  let instance: Instance
  let ann: TestClient
  let sandboxId: string
  const lines: Line[] = []

  beforeAll(async () => {
    instance = await sharedInstance()
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
    const limits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }
    sandboxId = (await ann.call('POST', '/api/v1/sandboxes', { limits, name: 'box' })).body.id
  })
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await instance[Symbol.asyncDispose]()
  })

  const connect = (who: TestClient, auth: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<Line>((resolve, reject) => {
      const line: Line = io(`${instance.url}/terminals`, {
        ...{ transports: ['websocket'], forceNew: true, auth },
        extraHeaders: { ...who.extraHeaders, ...headers },
      })
      lines.push(line)
      line.once('connect', () => resolve(line)).once('connect_error', reject)
    })
  const open = (line: Line, more: Partial<SocketOpen> = {}) =>
    new Promise<SocketAck<SocketAttached>>((resolve) => {
      line.emit('open', { sandboxId, cols: 80, rows: 24, ...more }, resolve)
    })
  /** Opens a terminal and collects what it writes. */
  const terminal = async (line: Line, more: Partial<SocketOpen> = {}) => {
    const seen = { text: '', next: 0, exit: undefined as unknown }
    line.on('output', (id, seq, bytes) => {
      seen.next = seq + bytes.length
      seen.text += Buffer.from(bytes).toString('latin1')
      line.emit('ack', id, seen.next)
    })
    line.on('exit', (_, status) => {
      seen.exit = status
    })
    const attached = await open(line, more)
    if (!attached.ok) throw new Error(attached.error.message)
    const type = (text: string) => line.emit('input', attached.terminalId, Buffer.from(text))
    const sees = (what: RegExp) => expect.poll(() => seen.text, { timeout: 10_000 }).toMatch(what)
    return { ...attached, seen, type, sees }
  }

  it('opens a terminal, and shows what is typed and answered', async () => {
    const shell = await terminal(await connect(ann))
    shell.type('echo $((6*7)); stty size\n')
    await shell.sees(/\r42\r\n24 80\r\n/)
  })

  it('gives back exactly what was missed, wherever the line was cut', async () => {
    const first = await connect(ann)
    const shell = await terminal(first)
    shell.type('for i in $(seq 2000); do echo line $i of many; [ $((i % 200)) != 0 ] || sleep 0.1; done\n')
    await shell.sees(/line 100 of many/)
    first.disconnect()
    const { text, next } = shell.seen
    const again = await terminal(await connect(ann), { terminalId: shell.terminalId, since: next })
    expect(again).toMatchObject({ seq: next, screen: null })
    await again.sees(/line 2000 of many/)
    expect((text + again.seen.text).match(/line \d+ of many\r\n/g)).toHaveLength(2000)
  })

  it('shows a second viewer the screen, and both what comes next', async () => {
    const shell = await terminal(await connect(ann))
    shell.type('printf "\\033[31mred\\033[0m\\n"\n')
    await shell.sees(/\u001b\[31mred/)
    const other = await terminal(await connect(ann), { terminalId: shell.terminalId })
    expect(Buffer.from(other.screen ?? []).toString()).toContain('red')
    other.type('echo both of us\n')
    await Promise.all([shell.sees(/[\r\n]both of us/), other.sees(/[\r\n]both of us/)])
  })

  it('resizes, and tells how the program ended', async () => {
    const line = await connect(ann)
    const shell = await terminal(line)
    line.emit('resize', shell.terminalId, 100, 30)
    shell.type('stty size; exit 7\n')
    await shell.sees(/30 100/)
    await expect.poll(() => shell.seen.exit).toEqual({ exitCode: 7, signal: null })
  })

  it('gives two viewers one size: of who typed last, and of who is left', async () => {
    const large = await terminal(await connect(ann), { cols: 120, rows: 40 })
    const line = await connect(ann)
    const small = await terminal(line, { terminalId: large.terminalId, cols: 60, rows: 20 })
    const sizes: string[] = []
    const sizeNow = async () => {
      const { body } = await ann.call('GET', `/api/v1/sandboxes/${sandboxId}/terminals`)
      const found = body.terminals.find((one: { id: string }) => one.id === large.terminalId)
      return `${found.cols}x${found.rows}`
    }
    line.on('resized', (_, cols, rows) => sizes.push(`${cols}x${rows}`))
    small.type('stty size\n')
    await large.sees(/\r20 60\r/)
    large.type('stty size\n')
    await large.sees(/\r40 120\r/)
    await expect.poll(() => sizes.at(-1)).toBe('120x40')
    line.emit('resize', large.terminalId, 50, 10, false)
    line.emit('resize', large.terminalId, 61, 20)
    await expect.poll(() => sizes.at(-1)).toBe('61x20')
    expect(sizes).not.toContain('50x10')
    line.emit('detach', large.terminalId)
    await expect.poll(sizeNow).toBe('120x40')
  })

  it('leaves the size alone when a viewer comes back after a break', async () => {
    const large = await terminal(await connect(ann), { cols: 120, rows: 40 })
    const small = await connect(ann)
    const { seen } = await terminal(small, { terminalId: large.terminalId, cols: 60, rows: 20 })
    large.type('stty size\n')
    await large.sees(/\r40 120\r/)
    small.disconnect()
    const back = await terminal(await connect(ann), {
      ...{ terminalId: large.terminalId, cols: 60, rows: 20, since: seen.next },
    })
    large.type('echo; stty size\n')
    await back.sees(/40 120\r/)
  })

  it("is closed to whoever has no session, and another's page", async () => {
    await expect(connect(new TestClient(instance.url))).rejects.toThrow(/sign in/)
    await expect(connect(new TestClient(instance.url), { token: 'clk_wrong' })).rejects.toThrow(/unknown/)
    await expect(connect(ann, {}, { origin: 'https://evil.example' })).rejects.toThrow()
  })

  it('takes a key instead of a cookie', async () => {
    const { key } = (await ann.call('POST', '/api/v1/keys', { name: 'program' })).body
    const shell = await terminal(await connect(new TestClient(instance.url), { token: key }))
    shell.type('echo hello\n')
    await shell.sees(/[\r\n]hello/)
  })

  it.each([
    [{ cols: 0, rows: 0 }],
    [{ cols: 100_000, rows: 100_000 }],
    [{ sandboxId: '../../etc' }],
    [{ terminalId: newId('tm') }],
    [{ since: -1 }],
  ])('refuses to open %j', async (more) => {
    expect(await open(await connect(ann), more)).toMatchObject({
      ok: false,
      error: { message: expect.any(String) },
    })
  })

  it('drops garbage and goes on', async () => {
    const line = await connect(ann)
    const shell = await terminal(line)
    // Socket.io's own types would not let nonsense through.
    const send = (...event: unknown[]) => Reflect.apply(line.emit, line, event)
    send('input', shell.terminalId, 'text, not bytes')
    send('input', 17, Buffer.alloc(3))
    send('resize', shell.terminalId, 'wide', {})
    send('ack', shell.terminalId, -5)
    send('ack', shell.terminalId, 1e18)
    send('open', 'nonsense')
    send('open', null, null)
    send('no such event', { a: 1 })
    shell.type('echo alive\n')
    await shell.sees(/[\r\n]alive/)
    expect((await new TestClient(instance.url).call('GET', '/readyz')).status).toBe(200)
  })

  it('loses its line within seconds of signing out', async () => {
    const eve = await TestClient.signUp(instance.url, 'eve@example.org')
    const line = await connect(eve)
    await eve.call('POST', '/api/auth/sign-out', {})
    await expect.poll(() => line.connected, { timeout: 30_000 }).toBe(false)
  })
})
