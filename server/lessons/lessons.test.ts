import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche } from '../../sdk/index.js'
import { type Classroom, limits, openClassroom } from '../../testing/classroom.js'
import { TestClient } from '../../testing/client.js'

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
const patient = { timeout: 30_000, interval: 200 }

describe('live lessons', { timeout: 120_000 }, () => {
  let room: Classroom
  let database: pg.Client

  beforeAll(async () => {
    room = await openClassroom()
    const host = encodeURIComponent(`/run/cloche/${room.instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await room?.[Symbol.asyncDispose]()
  })
  const overview = async (path: string) =>
    (await room.made(room.otto.client, 'GET', `${path}/students`)).students

  it('are started and ended by teachers, one at a time of a class, and students see that one runs', async () => {
    const { tess, otto, stranger, ann, outsider, path, classId, places } = room
    for (const { client } of [otto, ann]) {
      expect((await client.call('POST', `${path}/lessons`, {})).status).toBe(403)
    }
    expect((await stranger.client.call('POST', `${path}/lessons`, {})).status).toBe(404)
    expect((await tess.client.call('POST', `${path}/lessons`, { minutes: 0 })).status).toBe(400)
    expect((await ann.client.call('GET', '/api/v1/lessons')).body).toEqual({ lessons: [] })
    const lesson = await room.startLesson({ minutes: 45 })
    expect(lesson).toMatchObject({ class: { id: classId, name: 'Math' }, assignment: null, endedAt: null })
    expect(Date.parse(lesson.endsAt) - Date.parse(lesson.startedAt)).toBe(45 * 60_000)
    const again = await tess.client.call('POST', `${path}/lessons`, {})
    expect(again).toMatchObject({ status: 409, body: { existingId: lesson.id } })
    const seen = (await ann.client.call('GET', lesson.path)).body
    expect(seen).toMatchObject({ id: lesson.id, startedBy: null, frozen: false })
    expect((await ann.client.call('GET', `${path}/lessons`)).body.items).toMatchObject([{ id: lesson.id }])
    for (const { client } of [stranger, outsider]) {
      expect((await client.call('GET', lesson.path)).status).toBe(404)
      const freezing = await client.call('POST', `${lesson.path}/freeze`, {})
      expect(freezing.status).toBe(client === outsider.client ? 403 : 404)
    }
    // Assistants help; they do not run the lesson.
    for (const call of ['freeze', 'thaw', 'reset', 'end']) {
      expect((await otto.client.call('POST', `${lesson.path}/${call}`, {})).status).toBe(403)
    }
    expect((await otto.client.call('GET', `${lesson.path}/students`)).body.students).toMatchObject([
      { student: places.ann, name: 'ann', state: 'offline', handUp: null, frozen: false },
      { student: places.ben, name: 'ben', state: 'offline', handUp: null, frozen: false },
    ])
    expect((await ann.client.call('GET', `${lesson.path}/students`)).status).toBe(403)

    const ended = await room.made(tess.client, 'POST', `${lesson.path}/end`)
    expect(ended.endedAt).not.toBeNull()
    expect((await room.made(tess.client, 'POST', `${lesson.path}/end`)).endedAt).toBe(ended.endedAt)
    expect((await ann.client.call('GET', '/api/v1/lessons')).body).toEqual({ lessons: [] })
    expect((await ann.client.call('GET', `${path}/lessons`)).body.items).toEqual([])
    expect((await ann.client.call('PUT', `${lesson.path}/hand`)).status).toBe(409)
    expect((await tess.client.call('POST', `${lesson.path}/freeze`, {})).status).toBe(409)
  })

  it('start once when two servers are asked at the same moment, and end by themselves', async () => {
    const { tess, path, other } = room
    const { items } = await room.made(tess.client, 'GET', `${path}/lessons?limit=1`)
    expect(items[0].endedAt).not.toBeNull()
    const elsewhere = new TestClient(other.url, tess.client.extraHeaders)
    const [one, two] = await Promise.all([
      tess.client.call('POST', `${path}/lessons`, {}),
      elsewhere.call('POST', `${path}/lessons`, {}),
    ])
    expect([one.status, two.status].toSorted()).toEqual([201, 409])
    const id = one.body.id ?? two.body.id
    await database.query(`UPDATE lesson SET "endsAt" = now() AT TIME ZONE 'UTC' - INTERVAL '1 second'`)
    const over = (await tess.client.call('GET', `/api/v1/lessons/${id}`)).body
    expect(over.endedAt).toBe(over.endsAt)
    expect((await tess.client.call('POST', `${path}/lessons`, {})).status).toBe(201)
  })

  it('show what each student does, from what is known already', async () => {
    const { ann, places, otto } = room
    const check = { command: 'test -f done' }
    const task = await room.newAssignment({ steps: [{ id: 'one', title: 'One', check }] })
    const sandbox = await room.begin(ann.client, task.path)
    const lesson = await room.startLesson({ assignment: task.id })
    const annOf = async () =>
      (await overview(lesson.path)).find((one: { student: string }) => one.student === places.ann)
    await expect.poll(async () => (await annOf()).state, patient).toBe('working')
    expect(await annOf()).toMatchObject({
      ...{ sandbox: { id: sandbox, state: 'running' }, steps: { passed: 0, failed: 0, checks: 1 } },
    })
    expect((await overview(lesson.path))[1]).toMatchObject({ name: 'ben', sandbox: null, state: 'offline' })

    await room.made(ann.client, 'POST', `${task.path}/check`)
    expect((await annOf()).steps).toMatchObject({ passed: 0, failed: 1 })
    // As time goes by: nothing was done for some minutes, and then for many.
    const quiet = (minutes: number) =>
      database.query(
        `UPDATE sandbox SET "activeAt" = now() AT TIME ZONE 'UTC' - make_interval(mins => $2) WHERE id = $1`,
        [sandbox, minutes],
      )
    await expect.poll(async () => (await quiet(3)) && (await annOf()).state, patient).toBe('idle')
    await expect.poll(async () => (await quiet(6)) && (await annOf()).state, patient).toBe('stuck')
    await room.made(ann.client, 'PUT', `/api/v1/sandboxes/${sandbox}/files?path=done`, 'x')
    await room.made(ann.client, 'POST', `${task.path}/check`)
    expect((await annOf()).steps).toMatchObject({ passed: 1, failed: 0 })

    const busy = { command: 'while :; do :; done', timeoutMs: 60_000 }
    await room.made(ann.client, 'POST', `/api/v1/sandboxes/${sandbox}/processes`, busy)
    await expect.poll(async () => (await annOf()).state, patient).toBe('running')
    await room.made(ann.client, 'POST', `/api/v1/sandboxes/${sandbox}/stop`, { graceSeconds: 0 })
    await expect.poll(async () => (await annOf()).state, patient).toBe('offline')
    expect((await otto.client.call('GET', `${lesson.path}`)).body.assignment).toEqual({
      ...{ id: task.id, title: 'Loops' },
    })
    await room.made(ann.client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
  })

  it('show a sandbox of the student when there is no assignment', async () => {
    const { ann, ben } = room
    const lesson = await room.startLesson()
    const wanted = { limits, network: 'none' }
    const { id } = await room.made(ben.client, 'POST', '/api/v1/sandboxes', wanted)
    expect((await overview(lesson.path)).map((one: { sandbox: unknown }) => one.sandbox)).toMatchObject([
      null,
      { id },
    ])
    await room.made(ben.client, 'DELETE', `/api/v1/sandboxes/${id}`)
    expect((await ann.client.call('GET', `/api/v1/sandboxes/${id}`)).status).toBe(404)
  })

  it('have a queue of hands: who was first stays first, and a hand is lowered by its student or by staff', async () => {
    const { tess, otto, ann, ben, outsider, places } = room
    const lesson = await room.startLesson()
    const mine = async (who: TestClient) => (await who.call('GET', '/api/v1/lessons')).body.lessons[0]
    await room.made(ben.client, 'PUT', `${lesson.path}/hand`)
    await room.made(ann.client, 'PUT', `${lesson.path}/hand`)
    const { handUp } = await mine(ben.client)
    await room.made(ben.client, 'PUT', `${lesson.path}/hand`)
    expect((await mine(ben.client)).handUp).toBe(handUp)
    expect(await mine(ben.client)).toMatchObject({ ahead: 0 })
    expect(await mine(ann.client)).toMatchObject({ ahead: 1, lesson: { id: lesson.id } })
    expect(
      (await overview(lesson.path)).map((one: { handUp: string | null }) => one.handUp === null),
    ).toEqual([false, false])
    const handOf = (place: string) => `${lesson.path}/students/${place}/hand`
    expect((await ann.client.call('DELETE', handOf(places.ben))).status).toBe(403)
    expect((await outsider.client.call('PUT', `${lesson.path}/hand`)).status).toBe(404)
    expect((await tess.client.call('PUT', `${lesson.path}/hand`)).status).toBe(403)
    expect((await otto.client.call('DELETE', handOf('cs_00000000000000000000'))).status).toBe(404)
    await room.made(otto.client, 'DELETE', handOf(places.ben))
    expect(await mine(ben.client)).toMatchObject({ handUp: null, ahead: null })
    expect(await mine(ann.client)).toMatchObject({ ahead: 0 })
    await room.made(ann.client, 'DELETE', `${lesson.path}/hand`)
    expect((await mine(ann.client)).handUp).toBeNull()
  })

  it('carry messages to all and to some, and nobody is told whom others were written to', async () => {
    const { tess, otto, ann, ben, places } = room
    const lesson = await room.startLesson()
    const send = (who: TestClient, body: object) => who.call('POST', `${lesson.path}/messages`, body)
    const texts = async (who: TestClient) =>
      (await who.call('GET', '/api/v1/lessons')).body.lessons[0].messages.map(
        ({ text, students }: { text: string; students: unknown }) => [text, students],
      )
    expect((await send(tess.client, { text: 'five minutes' })).status).toBe(201)
    expect((await send(otto.client, { text: 'well done', students: [places.ann] })).status).toBe(201)
    expect((await send(ann.client, { text: 'hello' })).status).toBe(403)
    for (const text of ['', '  ', 'x'.repeat(2001), 'a\0b']) {
      expect((await send(tess.client, { text })).status).toBe(400)
    }
    const unknown = await send(tess.client, { text: 'x', students: ['cs_00000000000000000000'] })
    expect(unknown).toMatchObject({ status: 400, body: { detail: expect.stringContaining('students') } })
    expect(await texts(ann.client)).toEqual([
      ['five minutes', null],
      ['well done', [places.ann]],
    ])
    expect(await texts(ben.client)).toEqual([['five minutes', null]])
    const { messages } = (await tess.client.call('GET', `${lesson.path}/messages`)).body
    expect(messages).toMatchObject([
      { text: 'five minutes', by: 'tess', students: null },
      { text: 'well done', by: 'otto', students: [places.ann] },
    ])
    expect((await ann.client.call('GET', `${lesson.path}/messages`)).status).toBe(403)
    const { items } = await room.made(room.owner, 'GET', '/api/v1/audit?action=lesson.message')
    expect(items).toHaveLength(2)
  })

  it('do what docs/how-to/teach-a-lesson.md shows', async () => {
    const { tess, owner, ann, instance, classId } = room
    const task = await room.newAssignment({ title: 'As in the docs' })
    const sandbox = await room.begin(ann.client, task.path)
    const { path } = await room.startLesson()
    await room.made(tess.client, 'POST', `${path}/end`)
    const { key } = await room.made(owner, 'POST', '/api/v1/keys', { name: 'lessons' })
    const page = await readFile('docs/how-to/teach-a-lesson.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(8)
    const source = `${blocks.join('\n')}\nreturn { lesson, students, sent }`
    const cloche = new Cloche({ url: instance.url, apiKey: key })
    const console = { log: () => {} }
    const shown = await cloche.sandboxes.create({ limits, network: 'none' })
    await using _ = await shown.terminals.open()
    const names = ['cloche', 'classId', 'assignment', 'sandbox', 'console']
    const did = await new AsyncFunction(...names, source)(cloche, classId, task.id, shown, console)
    expect(did).toMatchObject({
      lesson: { assignment: { id: task.id } },
      students: [{ name: 'ann', sandbox: { id: sandbox } }, { name: 'ben' }],
      sent: [{ outcome: 'done' }, { outcome: 'nothing' }],
    })
    // The last of it is a reset, after which the file is gone.
    expect(
      (await ann.client.call('GET', `/api/v1/sandboxes/${sandbox}/files?path=sheet/task.md`)).status,
    ).toBe(404)
  })

  it('end for a student who is taken out of the class, and for all when it is archived', async () => {
    const { ann, ben, tess, owner, path, places } = room
    const lesson = await room.startLesson()
    await room.made(owner, 'DELETE', `${path}/students/${places.ben}`)
    expect((await ben.client.call('GET', lesson.path)).status).toBe(404)
    await room.made(tess.client, 'PATCH', path, { archived: true })
    expect((await ann.client.call('GET', '/api/v1/lessons')).body.lessons).toEqual([])
    expect((await tess.client.call('POST', `${path}/lessons`, {})).status).toBe(409)
  })
})
