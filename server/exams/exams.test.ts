import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientToServer, ServerToClient } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { type ExamClass, fromNow, openExamClass } from '../../testing/exam-class.js'

type Line = Socket<ServerToClient, ClientToServer>
const hourMs = 3_600_000

describe('an exam', { timeout: 120_000 }, () => {
  let room: ExamClass
  const lines: Line[] = []
  const old = { sandbox: '' }

  beforeAll(async () => {
    room = await openExamClass()
    const { ann, made, limits } = room
    const wanted = { limits, network: 'none', name: 'homework' }
    old.sandbox = String((await made(ann.client, 'POST', '/sandboxes', wanted)).id)
    await made(ann.client, 'PUT', `/sandboxes/${old.sandbox}/files?path=notes`, 'all answers')
  }, 300_000)
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await room?.[Symbol.asyncDispose]()
  })

  const call = (who: TestClient, method: string, path: string, body?: object | string) =>
    who.call(method, `/api/v1${path}`, body)
  const connect = async (who: TestClient) => {
    const { instance } = room
    const line: Line = io(`${instance.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders: who.extraHeaders },
    })
    lines.push(line)
    await new Promise<void>((resolve, reject) => {
      line.once('connect', resolve).once('connect_error', reject)
    })
    return line
  }
  const open = async (line: Line, sandboxId: string, who: TestClient) => {
    const { id } = await room.made(who, 'POST', `/sandboxes/${sandboxId}/terminals`, {})
    const answer = await new Promise<object>((resolve) => {
      line.emit('open', { sandboxId, terminalId: String(id), cols: 80, rows: 24 }, resolve)
    })
    expect(answer).toMatchObject({ ok: true })
  }
  const ended = (line: Line) => new Promise<void>((resolve) => line.once('disconnect', () => resolve()))

  it('has a window of at most a day, nothing late, and no network or an allowlist', async () => {
    const { tess, classId } = room
    const ask = async (body: object) => {
      const wanted = { title: 'x', exam: {}, opensAt: '2990-01-01T08:00', dueAt: '2990-01-01T10:00', ...body }
      return call(tess.client, 'POST', `/classes/${classId}/assignments`, wanted)
    }
    for (const [body, path] of [
      [{ opensAt: null }, 'opensAt'],
      [{ dueAt: null }, 'dueAt'],
      [{ dueAt: '2990-01-02T08:01' }, 'dueAt'],
      [{ late: { until: null, percentPerDay: 10 } }, 'late'],
      [{ exam: { network: 'internet' } }, 'exam'],
      [{ exam: { network: { allow: [] } } }, 'exam'],
    ] as const) {
      const { status, body: problem } = await ask(body)
      expect(status, JSON.stringify(body)).toBe(400)
      expect(JSON.stringify(problem)).toContain(path)
    }
    const { body: made } = await ask({ exam: { network: { allow: ['docs.python.org'] } } })
    expect(made.exam).toEqual({ network: { allow: ['docs.python.org'] }, paste: 'prevent' })
    const { body: longer } = await call(tess.client, 'PATCH', `/assignments/${made.id}`, {
      dueAt: '2990-01-03T08:00',
    })
    expect(longer.detail).toMatch(/24 hours/)
    // A copy is one too, and an exported course says so.
    const copy = await room.made(tess.client, 'POST', `/assignments/${made.id}/duplicate`, {})
    expect(copy.exam).toEqual(made.exam)
    for (const { id } of [made, copy]) await room.remove(`/assignments/${id}`)
  })

  it('is not made of what students have begun', async () => {
    const { tess, ben, made } = room
    const one = await room.exam({ exam: null })
    const begun = await room.start(ben.client, one.path)
    const { status, body } = await call(tess.client, 'PATCH', one.path, { exam: {} })
    expect([status, body.code]).toEqual([409, 'conflict'])
    await made(ben.client, 'DELETE', `/sandboxes/${begun.sandbox}`)
    await room.remove(one.path)
  })

  it('shows nothing and closes nothing before it opens', async () => {
    const { ann, tess, made } = room
    const one = await room.exam({ text: 'secret', opensAt: fromNow(hourMs), dueAt: fromNow(2 * hourMs) })
    const shown = await made(ann.client, 'GET', one.path)
    expect(shown).toMatchObject({ state: 'scheduled', text: null, starter: null, exam: { network: 'none' } })
    expect((await call(ann.client, 'POST', `${one.path}/start`)).status).toBe(409)
    expect((await call(ann.client, 'GET', `/sandboxes/${old.sandbox}/files?path=notes`)).status).toBe(200)
    expect((await made(tess.client, 'GET', one.path)).text).toBe('secret')
    await room.remove(one.path)
  })

  it('opens its workspace and closes everything else, also what is open already, and gives that back', async () => {
    const { ann, ben, made } = room
    const line = await connect(ann.client)
    await open(line, old.sandbox, ann.client)
    const cut = ended(line)
    const one = await room.exam({ text: 'secret', network: 'internet' })
    await cut
    const notes = `/sandboxes/${old.sandbox}/files?path=notes`
    const { status, body } = await call(ann.client, 'GET', notes)
    expect([status, body.detail]).toEqual([403, expect.stringContaining('exam')])
    expect((await call(ann.client, 'POST', '/sandboxes', { network: 'none' })).status).toBe(403)
    expect((await made(ann.client, 'GET', one.path)).text).toBe('secret')
    const work = await room.start(ann.client, one.path)
    await work.write('answer', '42')
    const { items } = await made(ann.client, 'GET', '/sandboxes')
    expect(items.map(({ id }: { id: string }) => id)).toEqual([work.sandbox])
    expect(items[0]).toMatchObject({ network: 'none', assignment: one.id })
    // Its settings are the teacher's.
    const path = `/sandboxes/${work.sandbox}`
    expect((await call(ann.client, 'PATCH', path, { network: 'internet' })).status).toBe(403)
    expect((await call(ann.client, 'DELETE', path)).status).toBe(403)
    expect((await call(ann.client, 'POST', `${path}/stop`, {})).status).toBe(403)
    // It is nobody's but theirs, and their teacher's.
    expect((await call(ben.client, 'GET', path)).status).toBe(403)
    const exam = await connect(ann.client)
    await open(exam, work.sandbox, ann.client)
    const over = ended(exam)
    await room.end(one.path)
    await over
    expect((await call(ann.client, 'GET', `${path}/files?path=answer`)).status).toBe(404)
    expect((await made(ann.client, 'GET', one.path)).work.sandbox).toBeNull()
    expect((await call(ann.client, 'GET', notes)).status).toBe(200)
    const { items: mine } = await made(ann.client, 'GET', '/sandboxes')
    expect(mine.map(({ id }: { id: string }) => id)).toEqual([old.sandbox])
    expect((await call(room.tess.client, 'GET', `${path}/files?path=answer`)).status).toBe(200)
    await room.remove(one.path)
    // What was an exam is no more: the work is theirs.
    expect((await call(ann.client, 'GET', `${path}/files?path=answer`)).status).toBe(200)
    await made(ann.client, 'DELETE', path)
  })

  it('ends later for one who has more time, who goes on where they were', async () => {
    const { ann, ben, tess, made } = room
    const one = await room.exam()
    const [first, second] = [await room.start(ann.client, one.path), await room.start(ben.client, one.path)]
    const more = `${one.path}/extensions/${ann.place}`
    const { body } = await call(tess.client, 'PUT', more, { dueAt: fromNow(30 * hourMs) })
    expect(body.detail).toMatch(/24 hours/)
    await made(tess.client, 'PUT', more, { dueAt: fromNow(2 * hourMs) })
    await room.end(one.path)
    const reached = async () => (await call(ben.client, 'GET', `/sandboxes/${second.sandbox}`)).status
    await expect.poll(reached, { timeout: 30_000 }).toBe(404)
    await first.write('answer', '42')
    expect((await call(ann.client, 'GET', `/sandboxes/${old.sandbox}`)).status).toBe(403)
    expect((await call(ben.client, 'POST', `${one.path}/submissions`)).status).toBe(409)
    expect((await call(ann.client, 'POST', `${one.path}/submissions`)).status).toBe(201)
    await room.remove(one.path)
    for (const [who, { sandbox }] of [
      [ann, first],
      [ben, second],
    ] as const) {
      await made(who.client, 'DELETE', `/sandboxes/${sandbox}`)
    }
  })

  it('closes what is another tenant’s once it was started, and no sooner', async () => {
    const { ben, made, instance } = room
    const own = await TestClient.signIn(instance.url, 'ben@example.org', 'correct horse battery')
    const wanted = { limits: room.limits, network: 'none', name: 'private' }
    await made(own, 'POST', `/tenants/${ben.home}/activate`)
    const { id } = await made(own, 'POST', '/sandboxes', wanted)
    const { key } = await made(own, 'POST', '/keys', { name: 'mine' })
    const program = TestClient.withKey(instance.url, String(key))
    const reach = async () => [
      ...[(await call(own, 'GET', `/sandboxes/${id}`)).status],
      ...[
        (await call(program, 'GET', `/sandboxes/${id}`)).status,
        (await call(program, 'GET', '/runs')).status,
      ],
    ]
    const one = await room.exam()
    expect(await reach()).toEqual([200, 200, 200])
    const { sandbox } = await room.start(ben.client, one.path)
    await expect.poll(reach, { timeout: 30_000 }).toEqual([403, 403, 403])
    await room.end(one.path)
    await expect.poll(reach, { timeout: 30_000 }).toEqual([200, 200, 200])
    await room.remove(one.path)
    await made(own, 'DELETE', `/sandboxes/${id}`)
    await made(ben.client, 'DELETE', `/sandboxes/${sandbox}`)
  })

  it('tells its teachers what happened, and who says so', async () => {
    const { ann, ben, tess, made } = room
    const one = await room.exam()
    const { sandbox, write } = await room.start(ann.client, one.path)
    await write('answer', '42')
    await made(ann.client, 'POST', `${one.path}/submissions`)
    const told = { type: 'paste', prevented: true, characters: 120 }
    await made(ann.client, 'POST', `${one.path}/events`, told)
    expect((await call(ann.client, 'GET', `${one.path}/events`)).status).toBe(403)
    expect((await call(tess.client, 'POST', `${one.path}/events`, told)).status).toBe(403)
    expect((await call(ann.client, 'POST', `${one.path}/events`, { type: 'start' })).status).toBe(400)
    const page = await made(tess.client, 'GET', `${one.path}/events?limit=2`)
    const rest = await made(tess.client, 'GET', `${one.path}/events?cursor=${page.nextCursor}`)
    const student = { userId: ann.id, id: ann.place, name: 'ann' }
    expect([...page.items, ...rest.items]).toMatchObject([
      { type: 'paste', toldBy: 'browser', student, detail: { prevented: true, characters: 120 } },
      { type: 'submit', toldBy: 'server', student },
      { type: 'start', toldBy: 'server', student },
    ])
    expect(rest.nextCursor).toBeNull()
    const ofBen = await made(tess.client, 'GET', `${one.path}/events?student=${ben.place}`)
    expect(ofBen.items).toEqual([])
    const { items } = await made(tess.client, 'GET', `${one.path}/attempts`)
    expect(items).toMatchObject([
      { student: ann.place, sandbox, submissions: 1, outcome: null, told: 1, extended: false },
      { student: ben.place, startedAt: null, sandbox: null, submissions: 0, lastSubmission: null, told: 0 },
    ])
    expect(items[0].startedAt).not.toBeNull()
    await room.end(one.path)
    expect((await call(ann.client, 'POST', `${one.path}/events`, told)).status).toBe(409)
    await room.remove(one.path)
    await made(ann.client, 'DELETE', `/sandboxes/${sandbox}`)
  })
})
