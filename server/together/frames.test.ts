import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientToServer, ServerToClient, SharedFrame, SocketAck } from '../../protocol/api/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { Pace } from './pace.js'

type Line = Socket<ServerToClient, ClientToServer>
type Told = SocketAck<{ reached: number }>
const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const path = '/home/user/a.txt'
const text = { id: 'one', since: 1 }

const edit = (bytes: Uint8Array, more: object = {}): SharedFrame => ({
  ...({ kind: 'edit', path, text, bytes, change: 0, part: 0, parts: 1, whole: false } as const),
  ...more,
})
const have = (more: object = {}): SharedFrame => ({
  ...({ kind: 'have', path, text, bytes: Buffer.from([0]), version: '', digest: 'x' } as const),
  ...{ hidden: false, answer: false, ...more },
})

describe('windows that show the same file', () => {
  let instance: Instance
  let other: AnotherServer
  let owner: TestClient
  let sandboxId: string
  const lines: Line[] = []

  const window = async (client: TestClient, url: string, files = [path]) => {
    const line: Line = io(`${url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      extraHeaders: client.extraHeaders,
    })
    lines.push(line)
    await new Promise<void>((resolve, reject) => line.once('connect', resolve).once('connect_error', reject))
    const seen = { frames: [] as { from: string; frame: SharedFrame }[], people: 0, take: true }
    line.on('told', (_id, from, frame, taken) => {
      seen.frames.push({ from, frame })
      if (seen.take) taken()
    })
    line.on('people', (_id, people) => {
      seen.people = people.length
    })
    const enter = (shown: string[]) =>
      new Promise<SocketAck<{ id: string }>>((resolve) =>
        line.emit('enter', { sandboxId, files: shown }, resolve),
      )
    const entered = await enter(files)
    const tell = (frame: object) =>
      new Promise<Told>((resolve) => line.emit('tell', sandboxId, frame as SharedFrame, resolve))
    const hears = (what: object) =>
      expect.poll(() => seen.frames.at(-1), { timeout: 5000 }).toMatchObject(what)
    const company = (count: number) => expect.poll(() => seen.people, { timeout: 5000 }).toBe(count)
    return { line, seen, enter, tell, hears, company, id: 'id' in entered ? entered.id : '' }
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'ann@example.org', 'correct horse battery')
    other = await AnotherServer.start(instance, {})
    sandboxId = String((await owner.call('POST', '/api/v1/sandboxes', { limits, network: 'none' })).body.id)
  })
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('hear each other at every server, whole and in order; others hear nothing', async () => {
    const one = await window(owner, instance.url)
    const two = await window(owner, other.url)
    const three = await window(owner, instance.url)
    const elsewhere = await window(owner, other.url, ['/home/user/b.txt'])
    await Promise.all([one.company(4), two.company(4)])
    expect(await one.tell(edit(Buffer.from('hello')))).toEqual({ ok: true, reached: 2 })
    for (const window of [two, three])
      await window.hears({ from: one.id, frame: { kind: 'edit', path, text } })
    expect(Buffer.from(two.seen.frames[0]?.frame.bytes ?? []).toString()).toBe('hello')

    // Larger than a notice of the database can be, many at once, and only for one.
    const large = Buffer.alloc(64 * 1024, 0).map((_, at) => (at * 31) % 251)
    const sent = Array.from({ length: 20 }, (_, change) => one.tell(edit(large, { change, to: two.id })))
    expect(await Promise.all(sent)).toEqual(Array(20).fill({ ok: true, reached: 1 }))
    await expect.poll(() => two.seen.frames.length, { timeout: 10_000 }).toBe(21)
    expect(two.seen.frames.slice(1).map(({ frame }) => frame.kind === 'edit' && frame.change)).toEqual(
      Array.from({ length: 20 }, (_, at) => at),
    )
    for (const { frame } of two.seen.frames.slice(1))
      expect(Buffer.from(frame.bytes).equals(large)).toBe(true)
    expect(three.seen.frames).toHaveLength(1)
    expect(elsewhere.seen.frames).toEqual([])

    // Who is followed need not show the same file.
    const bytes = new Uint8Array()
    expect(await one.tell({ kind: 'follow', to: elsewhere.id, bytes })).toEqual({ ok: true, reached: 1 })
    await elsewhere.hears({ from: one.id, frame: { kind: 'follow' } })
    await elsewhere.tell({ kind: 'view', to: one.id, path: '/home/user/b.txt', line: 7, bytes })
    await one.hears({ from: elsewhere.id, frame: { kind: 'view', line: 7 } })
    expect(three.seen.frames).toHaveLength(1)

    // Whoever shows another file is told of that one.
    await two.enter(['/home/user/b.txt'])
    await expect.poll(async () => (await one.tell(have())).ok && two.seen.frames.length).toBe(21)
    for (const { line } of [one, two, three, elsewhere]) line.disconnect()
  })

  it('let nobody write who may only look, at each frame, and tell nothing when a share is stopped', async () => {
    const ann = await window(owner, other.url)
    const gus = await TestClient.signUp(instance.url, 'gus@example.org', 'correct horse battery')
    const accept = async (level: 'look' | 'type') => {
      const share = (await owner.call('POST', `/api/v1/sandboxes/${sandboxId}/shares`, { level })).body
      await gus.call('POST', '/api/v1/shares/accept', { secret: new URL(share.url).hash.slice(1) })
      return share.id
    }
    await accept('look')
    const guest = await window(gus, instance.url)
    await Promise.all([ann.company(2), guest.company(2)])
    expect(await guest.tell(edit(Buffer.from('intruder')))).toMatchObject({
      ...{ ok: false, error: { code: 'forbidden', message: expect.stringContaining('look') } },
    })
    expect(await guest.tell(have())).toEqual({ ok: true, reached: 1 })
    await ann.hears({ from: guest.id, frame: { kind: 'have' } })
    expect(await ann.tell(edit(Buffer.from('by ann')))).toEqual({ ok: true, reached: 0 })
    await guest.hears({ from: ann.id, frame: { kind: 'edit' } })

    // The same window may write as soon as it is shared so, and no longer.
    const typing = await accept('type')
    await expect
      .poll(() => guest.tell(edit(Buffer.from('now'))), { timeout: 5000 })
      .toMatchObject({ ok: true })
    await ann.hears({ from: guest.id, frame: { kind: 'edit' } })
    const before = ann.seen.frames.length
    await owner.call('DELETE', `/api/v1/shares/${typing}`)
    await expect
      .poll(() => guest.tell(edit(Buffer.from('later'), { path: '/nowhere' })), { timeout: 5000 })
      .toMatchObject({ ok: false, error: { code: 'forbidden' } })
    expect(ann.seen.frames).toHaveLength(before)

    for (const { id } of (await owner.call('GET', `/api/v1/sandboxes/${sandboxId}/shares`)).body.shares) {
      await owner.call('DELETE', `/api/v1/shares/${id}`)
    }
    await expect
      .poll(() => guest.tell(have({ path: '/nowhere' })), { timeout: 5000 })
      .toMatchObject({ ok: false, error: { code: 'not_found' } })
    const heard = guest.seen.frames.length
    await ann.tell(edit(Buffer.from('secret')))
    await ann.tell(have())
    expect(guest.seen.frames).toHaveLength(heard)
    ann.line.disconnect()
  })

  it('are refused what is no frame, and what is too much', async () => {
    const one = await window(owner, instance.url)
    for (const wrong of [
      edit(Buffer.alloc(64 * 1024 + 1)),
      edit(Buffer.from(''), { parts: 65 }),
      edit(Buffer.from(''), { path: 'x'.repeat(2000) }),
      have({ bytes: 'text' }),
      have({ kind: 'other' }),
    ]) {
      expect(await one.tell(wrong)).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
    }
    const many = await Promise.all(Array.from({ length: 1000 }, () => one.tell(have())))
    expect(many.filter((answer) => !answer.ok)).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'rate_limited' }) }),
    )
    one.line.disconnect()
  })

  it('are sent no more while they take nothing', async () => {
    const senders = [await window(owner, instance.url), await window(owner, instance.url)]
    const slow = await window(owner, instance.url)
    await slow.company(3)
    slow.seen.take = false
    const told = senders.flatMap(({ tell }) =>
      Array.from({ length: 100 }, (_, change) =>
        tell(edit(Buffer.alloc(64 * 1024), { change, to: slow.id })),
      ),
    )
    expect((await Promise.all(told)).filter(({ ok }) => ok)).toHaveLength(200)
    await slow.enter(['/home/user/b.txt'])
    expect(slow.seen.frames).toHaveLength(128)
    for (const { line } of [...senders, slow]) line.disconnect()
  })
})

it('lets a connection tell what a person types, and again after a while', () => {
  let now = 0
  const pace = new Pace(() => now)
  const frames = () => {
    let taken = 0
    try {
      for (; taken < 10_000; taken++) pace.take(10)
    } catch {
      return taken
    }
    return taken
  }
  expect(frames()).toBe(600)
  now += 1000
  expect(frames()).toBe(100)
  now += 60_000
  expect(() => pace.take(8 * 1024 * 1024)).not.toThrow()
  expect(() => pace.take(1024)).toThrow(/more is told/)
})
