import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientToServer, ServerToClient } from '../../protocol/api/index.js'
import { type Classroom, limits, openClassroom } from '../../testing/classroom.js'
import { TestClient } from '../../testing/client.js'

type Line = Socket<ServerToClient, ClientToServer>

const patient = { timeout: 30_000, interval: 200 }

describe('terminals and timetables of lessons', { timeout: 120_000 }, () => {
  let room: Classroom
  let database: pg.Client
  const lines: Line[] = []

  beforeAll(async () => {
    room = await openClassroom()
    const host = encodeURIComponent(`/run/cloche/${room.instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
  }, 300_000)
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await database?.end()
    await room?.[Symbol.asyncDispose]()
  })

  const connect = (who: TestClient, url = room.instance.url) =>
    new Promise<Line>((resolve, reject) => {
      const line: Line = io(`${url}/terminals`, {
        ...{ transports: ['websocket'], forceNew: true, reconnection: false },
        extraHeaders: who.extraHeaders,
      })
      lines.push(line)
      line.once('connect', () => resolve(line)).once('connect_error', reject)
    })
  /** Joins a terminal, and collects what it writes. */
  const join = async (line: Line, sandboxId: string, terminalId: string) => {
    const seen = { text: '', isCut: false }
    line.on('output', (id, seq, bytes) => {
      if (id === terminalId) seen.text += Buffer.from(bytes).toString()
      line.emit('ack', id, seq + bytes.length)
    })
    line.on('detached', (id) => {
      seen.isCut ||= id === terminalId
    })
    const answer = await line.emitWithAck('open', { sandboxId, terminalId, cols: 80, rows: 24 })
    const type = (text: string) => line.emit('input', terminalId, Buffer.from(text))
    return { answer, seen, type }
  }
  const box = async (who: TestClient) =>
    String((await room.made(who, 'POST', '/api/v1/sandboxes', { limits, network: 'none' })).id)
  const newTerminal = async (who: TestClient, sandbox: string) =>
    String((await room.made(who, 'POST', `/api/v1/sandboxes/${sandbox}/terminals`, {})).id)

  it('show staff what terminals of students show, where it differs from what is known, while the lesson runs', async () => {
    const { ann, otto, stranger, outsider, other, places } = room
    const task = await room.newAssignment()
    const sandbox = await room.begin(ann.client, task.path)
    const { path } = await room.startLesson({ assignment: task.id })
    const look = async (body: object = {}, who = otto.client) =>
      (await room.made(who, 'POST', `${path}/screens`, body)).screens
    expect(await look()).toEqual([])
    const terminal = await newTerminal(ann.client, sandbox)
    const { type } = await join(await connect(ann.client), sandbox, terminal)
    type('echo hello-"ann"\n')
    await expect.poll(async () => (await look())[0]?.screen.lines.join('\n'), patient).toContain('hello-ann')
    const [shown] = await look()
    expect(shown).toMatchObject({ student: places.ann, screen: { terminal } })
    const seen = { [places.ann]: shown.screen.version }
    const elsewhere = new TestClient(other.url, otto.client.extraHeaders)
    expect(await look({ seen }, elsewhere)).toEqual([])
    expect(await look({ students: [places.ben] })).toEqual([])
    type('echo more\n')
    await expect.poll(async () => (await look({ seen })).length, patient).toBe(1)

    const statusFor = async (who: TestClient, body: object = {}) =>
      (await who.call('POST', `${path}/screens`, body)).status
    expect(await statusFor(ann.client)).toBe(403)
    expect(await statusFor(outsider.client)).toBe(403)
    expect(await statusFor(stranger.client)).toBe(404)
    expect(await statusFor(otto.client, { students: ['cs_00000000000000000000'] })).toBe(400)
    expect(await statusFor(otto.client, { seen: { [places.ann]: 'x' } })).toBe(400)
    await room.made(ann.client, 'DELETE', `/api/v1/sandboxes/${sandbox}/terminals/${terminal}`)
    await expect.poll(() => look({ seen }), patient).toEqual([{ student: places.ann, screen: null }])
    await room.made(room.tess.client, 'POST', `${path}/end`)
    expect(await statusFor(otto.client)).toBe(409)
    await room.made(ann.client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
  })

  it('show students a terminal of the teacher, and nothing else of its sandbox, until that is stopped', async () => {
    const { tess, otto, ann, ben, outsider, other, stranger } = room
    const sandbox = await box(tess.client)
    const shown = await newTerminal(tess.client, sandbox)
    const hidden = await newTerminal(tess.client, sandbox)
    const { path } = await room.startLesson()
    const put = (who: TestClient, body: object) => who.call('PUT', `${path}/broadcast`, body)
    const own = async (who: TestClient) =>
      (await who.call('GET', '/api/v1/lessons')).body.lessons[0].broadcast
    const line = await connect(ann.client)
    const refused = async (terminal: string) => (await join(line, sandbox, terminal)).answer
    expect(await refused(shown)).toMatchObject({ ok: false, error: { code: 'not_found' } })
    expect((await put(otto.client, { sandbox, terminal: shown })).status).toBe(403)
    expect((await put(ann.client, { sandbox, terminal: shown })).status).toBe(403)
    expect((await put(stranger.client, { sandbox, terminal: shown })).status).toBe(404)
    expect((await put(tess.client, { sandbox, terminal: 'tm_00000000000000000000' })).status).toBe(404)
    const ofBen = await box(ben.client)
    const asked = await put(tess.client, { sandbox: ofBen, terminal: await newTerminal(ben.client, ofBen) })
    expect(asked).toMatchObject({ status: 400, body: { detail: expect.stringContaining('of a student') } })
    expect(await own(ann.client)).toBeNull()

    expect((await put(tess.client, { sandbox, terminal: shown })).body).toMatchObject({ by: 'tess' })
    expect(await own(ann.client)).toMatchObject({ sandbox, terminal: shown, by: 'tess' })
    const overview = await room.made(otto.client, 'GET', `${path}/students`)
    expect(overview.broadcast).toMatchObject({ terminal: shown })
    const one = await join(line, sandbox, shown)
    expect(one.answer).toMatchObject({ ok: true, mayType: false })
    const teacher = await join(await connect(tess.client), sandbox, shown)
    teacher.type('echo watch-"this"\n')
    await expect.poll(() => one.seen.text, patient).toContain('watch-this')

    // To look at this terminal is all: not to type, nor anything else of the sandbox.
    one.type('echo never-"typed"\n')
    line.emit('resize', shown, 20, 5)
    teacher.type('echo and-"on"\n')
    await expect.poll(() => one.seen.text, patient).toContain('and-on')
    expect(one.seen.text).not.toContain('never-typed')
    expect(await refused(hidden)).toMatchObject({ ok: false, error: { code: 'not_found' } })
    expect(await line.emitWithAck('open', { sandboxId: sandbox, cols: 80, rows: 24 })).toMatchObject({
      ok: false,
    })
    expect(await line.emitWithAck('enter', { sandboxId: sandbox, files: [] })).toMatchObject({ ok: false })
    expect(await line.emitWithAck('close', shown)).toMatchObject({ ok: false })
    for (const part of ['', '/terminals', '/files?path=.', '/processes']) {
      expect((await ann.client.call('GET', `/api/v1/sandboxes/${sandbox}${part}`)).status, part).toBe(404)
    }
    const away = await connect(outsider.client)
    expect((await join(away, sandbox, shown)).answer).toMatchObject({ error: { code: 'not_found' } })
    const elsewhere = await join(await connect(ben.client, other.url), sandbox, shown)
    expect(elsewhere.answer).toMatchObject({ ok: true })

    // Stopped at one server it ends at both.
    await room.made(tess.client, 'DELETE', `${path}/broadcast`)
    await expect.poll(() => [one.seen.isCut, elsewhere.seen.isCut], patient).toEqual([true, true])
    expect(await own(ann.client)).toBeNull()
    expect(await refused(shown)).toMatchObject({ ok: false, error: { code: 'not_found' } })
    expect((await tess.client.call('DELETE', `${path}/broadcast`)).status).toBe(204)
    const { items } = await room.made(room.owner, 'GET', '/api/v1/audit?action=lesson.show')
    expect(items).toHaveLength(1)
  })

  it('tell their students at once that something changed, whichever server did it, and nobody else', async () => {
    const { tess, ann, outsider, other } = room
    const counted = async (who: TestClient) => {
      const told = { times: 0 }
      const line = await connect(who)
      line.on('lesson', () => told.times++)
      return told
    }
    const [ofAnn, ofOutsider] = [await counted(ann.client), await counted(outsider.client)]
    const { path } = await room.startLesson()
    await expect.poll(() => ofAnn.times, patient).toBeGreaterThan(0)
    const before = ofAnn.times
    const elsewhere = new TestClient(other.url, tess.client.extraHeaders)
    await room.made(elsewhere, 'POST', `${path}/messages`, { text: 'look' })
    await expect.poll(() => ofAnn.times, patient).toBeGreaterThan(before)
    expect(ofOutsider.times).toBe(0)
  })

  it('show nothing more when the lesson is over, nor to who is taken out of the class', async () => {
    const { tess, ann, ben, owner, path: ofClass, places } = room
    const sandbox = await box(tess.client)
    const terminal = await newTerminal(tess.client, sandbox)
    const lesson = await room.startLesson()
    await room.made(tess.client, 'PUT', `${lesson.path}/broadcast`, { sandbox, terminal })
    const leaver = await join(await connect(ben.client), sandbox, terminal)
    expect(leaver.answer).toMatchObject({ ok: true })
    const soon = `UPDATE lesson SET "endsAt" = now() AT TIME ZONE 'UTC' + INTERVAL '6 seconds' WHERE id = $1`
    await database.query(soon, [lesson.id])
    const one = await join(await connect(ann.client), sandbox, terminal)
    expect(one.answer).toMatchObject({ ok: true })
    await room.made(owner, 'DELETE', `${ofClass}/students/${places.ben}`)
    await expect.poll(() => leaver.seen.isCut, patient).toBe(true)
    // By itself, with nobody to tell it.
    await expect.poll(() => one.seen.isCut, patient).toBe(true)
    const again = await join(await connect(ann.client), sandbox, terminal)
    expect(again.answer).toMatchObject({ ok: false, error: { code: 'not_found' } })
    const back = { name: 'ben', email: 'ben@example.org' }
    places.ben = String((await room.made(owner, 'POST', `${ofClass}/students`, back)).id)
  })

  it('have sandboxes wait for a lesson of the timetable, one for each student who has not begun', async () => {
    const { tess, otto, ann, stranger, outsider, path, instance } = room
    const task = await room.newAssignment()
    const set = (who: TestClient, lessons: object[]) => who.call('PUT', `${path}/timetable`, { lessons })
    const nine = { day: 'tuesday', at: '09:00', assignment: task.id }
    expect((await set(otto.client, [nine])).status).toBe(403)
    expect((await set(ann.client, [nine])).status).toBe(403)
    expect((await set(stranger.client, [nine])).status).toBe(404)
    for (const wrong of [{ at: '25:00' }, { day: 'someday' }, { minutes: 0 }, { template: 'base' }]) {
      expect((await set(tess.client, [{ ...nine, ...wrong }])).status, JSON.stringify(wrong)).toBe(400)
    }
    expect((await set(tess.client, [{ ...nine, assignment: 'as_00000000000000000000' }])).status).toBe(404)
    const both = await set(tess.client, [nine, { ...nine, day: 'friday' }])
    expect(both.body.lessons).toHaveLength(2)
    const kept = both.body.lessons.find(({ day }: { day: string }) => day === 'tuesday').id
    const [lesson] = (await set(tess.client, [nine])).body.lessons
    expect(lesson).toMatchObject({ id: kept, assignment: task.id, warm: null })
    const read = async () => (await room.made(otto.client, 'GET', `${path}/timetable`)).lessons[0]
    expect((await ann.client.call('GET', `${path}/timetable`)).status).toBe(403)
    expect((await outsider.client.call('GET', `${path}/timetable`)).status).toBe(403)

    // Clocks of another zone: the same time of day, at another moment.
    await room.made(tess.client, 'PATCH', path, { timeZone: 'Asia/Shanghai' })
    expect((await read()).nextAt).toMatch(/T01:00:00/)
    const move = (minutes: number) =>
      database.query(
        `UPDATE timetable_lesson SET "leaseUntil" = NULL,
           "nextAt" = date_trunc('minute', now() AT TIME ZONE 'UTC') + make_interval(mins => $1)`,
        [minutes],
      )
    const operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    const waiting = async () =>
      (await room.made(operator, 'GET', '/api/v1/admin/pools')).warm.map(
        ({ count }: { count: number }) => count,
      )
    await move(5)
    await expect
      .poll(async () => (await read()).warm, patient)
      .toEqual({ wanted: 2, ready: 2, problem: null })
    expect(await waiting()).toEqual([2])
    // Told to the node again it is the same, and whoever begins has taken one of the two.
    const sandbox = await room.begin(ann.client, task.path)
    await database.query('UPDATE timetable_lesson SET "leaseUntil" = NULL')
    await expect
      .poll(async () => (await database.query('SELECT lease FROM timetable_lesson')).rows[0].lease, patient)
      .toBeGreaterThan(1)
    expect((await read()).warm).toMatchObject({ wanted: 2, problem: null })
    expect(await waiting()).toEqual([2])

    // One that is over gives way to the next, of which one student has begun already.
    await move(-30)
    await expect.poll(async () => Date.parse((await read()).nextAt), patient).toBeGreaterThan(Date.now())
    expect((await read()).nextAt).toMatch(/T01:00:00/)
    expect((await read()).warm).toBeNull()
    await move(6)
    await expect.poll(async () => (await read()).warm?.wanted, patient).toBe(1)
    await room.made(tess.client, 'PUT', `${path}/timetable`, { lessons: [] })
    await room.made(ann.client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
  })

  it('say why fewer wait than there are students', async () => {
    const { tess, path, classId } = room
    const set = (one: object) =>
      room.made(tess.client, 'PUT', `${path}/timetable`, {
        lessons: [{ day: 'monday', at: '08:00', ...one }],
      })
    const read = async () => (await room.made(tess.client, 'GET', `${path}/timetable`)).lessons[0].warm
    const soon = `UPDATE timetable_lesson SET "leaseUntil" = NULL,
      "nextAt" = date_trunc('minute', now() AT TIME ZONE 'UTC') + INTERVAL '5 minutes'`
    const task = await room.newAssignment()
    const quota = `UPDATE tenant SET quota = jsonb_set(quota, '{sandboxes}', to_jsonb($2::INTEGER))
      WHERE id = (SELECT "tenantId" FROM class WHERE id = $1)`
    const { rows } = await database.query(
      `SELECT count(*)::INTEGER AS count FROM sandbox WHERE "deletedAt" IS NULL
         AND "tenantId" = (SELECT "tenantId" FROM class WHERE id = $1)`,
      [classId],
    )
    await database.query(quota, [classId, rows[0].count + 1])
    await set({ assignment: task.id })
    await database.query(soon)
    await expect.poll(read, patient).toMatchObject({ wanted: 1, problem: 'quota' })
    await database.query(quota, [classId, 20])

    // What was set with a template that is gone since.
    await set({ template: 'base' })
    await database.query(`UPDATE timetable_lesson SET template = 'gone'`)
    await database.query(soon)
    await expect.poll(read, patient).toEqual({ wanted: 0, ready: 0, problem: 'template' })
    const sandbox = await box(tess.client)
    const { id: snapshot } = await room.made(tess.client, 'POST', `/api/v1/sandboxes/${sandbox}/snapshots`, {
      name: 'beginning',
    })
    await set({ assignment: (await room.newAssignment({ source: { snapshot } })).id })
    await database.query(soon)
    await expect.poll(read, patient).toMatchObject({ problem: 'snapshot' })
  })
})
