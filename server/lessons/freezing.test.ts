import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Classroom, limits, openClassroom } from '../../testing/classroom.js'
import { TestClient } from '../../testing/client.js'

const patient = { timeout: 30_000, interval: 200 }
const asBytes = { 'content-type': 'application/octet-stream' }

describe('a teacher in a live lesson', { timeout: 180_000 }, () => {
  let room: Classroom
  let database: pg.Client
  let annsBox = ''
  let bensBox = ''
  let task: { id: string; path: string }

  beforeAll(async () => {
    room = await openClassroom()
    const host = encodeURIComponent(`/run/cloche/${room.instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
    task = await room.newAssignment({
      steps: [{ id: 'one', title: 'One', check: { command: 'true' } }],
    })
    const starter = `${task.path}/files/starter/file?path=task/main.py`
    await room.tess.client.call('PUT', starter, 'print(1)\n', asBytes)
    annsBox = await room.begin(room.ann.client, task.path)
    bensBox = await room.begin(room.ben.client, task.path)
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await room?.[Symbol.asyncDispose]()
  })

  const boxPath = (id: string) => `/api/v1/sandboxes/${id}`
  const stateOf = async (id: string) => (await room.made(room.tess.client, 'GET', boxPath(id))).state
  const run = (who: TestClient, id: string, command: string) =>
    who.call('POST', `${boxPath(id)}/exec`, { command })
  const outcomes = async (path: string, body: object = {}) => {
    const { students } = await room.made(room.tess.client, 'POST', path, body)
    return students.map(({ name, outcome }: { name: string; outcome: string }) => `${name} ${outcome}`)
  }
  const readFile = async (id: string, path: string) =>
    (await room.tess.client.call('GET', `${boxPath(id)}/files?path=${path}`)).body
  const push = (
    lesson: string,
    query: string,
    content: string | Uint8Array<ArrayBuffer>,
    who = room.tess.client,
  ) => who.call('PUT', `${lesson}/files?${query}`, content, asBytes)

  it('freezes all, whom no student then resumes, and thaws them', async () => {
    const { tess, ann, ben } = room
    const lesson = await room.startLesson({ assignment: task.id })
    expect(await outcomes(`${lesson.path}/freeze`)).toEqual(['ann done', 'ben done'])
    expect([await stateOf(annsBox), await stateOf(bensBox)]).toEqual(['paused', 'paused'])
    expect((await run(ann.client, annsBox, 'true')).status).toBe(409)
    for (const action of ['resume', 'start']) {
      const answer = await ann.client.call('POST', `${boxPath(annsBox)}/${action}`)
      expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('teacher') } })
    }
    expect((await tess.client.call('POST', `${boxPath(annsBox)}/resume`)).status).toBe(409)
    const { lessons } = (await ben.client.call('GET', '/api/v1/lessons')).body
    expect(lessons).toMatchObject([{ lesson: { frozen: true } }])
    const { students } = (await tess.client.call('GET', `${lesson.path}/students`)).body
    expect(students).toMatchObject([
      { frozen: true, state: 'frozen' },
      { frozen: true, state: 'frozen' },
    ])
    expect(await outcomes(`${lesson.path}/thaw`)).toEqual(['ann done', 'ben done'])
    expect([await stateOf(annsBox), await stateOf(bensBox)]).toEqual(['running', 'running'])
    expect((await run(ann.client, annsBox, 'echo on')).body).toMatchObject({ stdout: 'on\n' })
  })

  it('freezes one, or thaws one while all are frozen; what a student had paused stays paused', async () => {
    const { ann, ben, places } = room
    const lesson = await room.startLesson({ assignment: task.id })
    expect(await outcomes(`${lesson.path}/freeze`, { students: [places.ann] })).toEqual(['ann done'])
    expect([await stateOf(annsBox), await stateOf(bensBox)]).toEqual(['paused', 'running'])
    await outcomes(`${lesson.path}/freeze`)
    expect(await outcomes(`${lesson.path}/thaw`, { students: [places.ann] })).toEqual(['ann done'])
    expect([await stateOf(annsBox), await stateOf(bensBox)]).toEqual(['running', 'paused'])
    await outcomes(`${lesson.path}/thaw`)
    await room.made(ann.client, 'POST', `${boxPath(annsBox)}/pause`)
    expect(await outcomes(`${lesson.path}/freeze`)).toEqual(['ann nothing', 'ben done'])
    expect(await outcomes(`${lesson.path}/thaw`)).toEqual(['ann nothing', 'ben done'])
    expect([await stateOf(annsBox), await stateOf(bensBox)]).toEqual(['paused', 'running'])
    await room.made(ann.client, 'POST', `${boxPath(annsBox)}/resume`)
    const unknown = await room.tess.client.call('POST', `${lesson.path}/freeze`, {
      students: ['cs_00000000000000000000'],
    })
    expect(unknown.status).toBe(400)
    expect((await run(ben.client, bensBox, 'true')).status).toBe(200)
  })

  it('freezes what is made, started or woken meanwhile as well', async () => {
    const { tess, ann, ben } = room
    const lesson = await room.startLesson({ assignment: task.id })
    await room.made(ben.client, 'POST', `${boxPath(bensBox)}/stop`, { graceSeconds: 0 })
    await outcomes(`${lesson.path}/freeze`)
    const { id, state } = await room.made(ann.client, 'POST', '/api/v1/sandboxes', {
      limits,
      network: 'none',
    })
    expect(state).toBe('paused')
    expect(await stateOf(id)).toBe('paused')
    expect((await ben.client.call('POST', `${boxPath(bensBox)}/start`)).status).toBe(409)
    expect((await room.made(tess.client, 'POST', `${boxPath(bensBox)}/start`)).state).toBe('paused')
    // One that was asleep, and is used.
    await database.query(`UPDATE sandbox SET asleep = 'paused', "frozenBy" = NULL WHERE id = $1`, [id])
    await room.made(ann.client, 'POST', `${boxPath(id)}/keep-awake`)
    expect(await stateOf(id)).toBe('paused')
    expect((await database.query('SELECT asleep FROM sandbox WHERE id = $1', [id])).rows).toEqual([
      { asleep: null },
    ])
    // A student may still stop and delete what is their own.
    await room.made(ann.client, 'POST', `${boxPath(id)}/stop`, { graceSeconds: 0 })
    await outcomes(`${lesson.path}/thaw`)
    expect([await stateOf(bensBox), await stateOf(id)]).toEqual(['running', 'stopped'])
    await room.made(ann.client, 'DELETE', boxPath(id))
  })

  it('is obeyed after a server was killed, and ends with the lesson', async () => {
    const { ann } = room
    const lesson = await room.startLesson({ assignment: task.id })
    // As a server leaves it that is killed before it asks a node: decided, and nothing done.
    await database.query('UPDATE lesson SET frozen = true WHERE id = $1', [lesson.id])
    await expect.poll(() => stateOf(annsBox), patient).toBe('paused')
    await expect.poll(() => stateOf(bensBox), patient).toBe('paused')
    // The same with a lesson whose time is over.
    await database.query(`UPDATE lesson SET "endsAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`, [lesson.id])
    await expect.poll(() => stateOf(annsBox), patient).toBe('running')
    await expect.poll(() => stateOf(bensBox), patient).toBe('running')
    const next = await room.startLesson({ assignment: task.id })
    const elsewhere = new TestClient(room.other.url, room.tess.client.extraHeaders)
    const asked = elsewhere.call('POST', `${next.path}/freeze`, {}).catch(() => undefined)
    await room.other.end('SIGKILL')
    await asked
    const { rows } = await database.query('SELECT frozen FROM lesson WHERE id = $1', [next.id])
    const decided = rows[0].frozen ? 'paused' : 'running'
    await expect
      .poll(async () => [await stateOf(annsBox), await stateOf(bensBox)], patient)
      .toEqual([...[decided, decided]])
    await room.made(room.tess.client, 'POST', `${next.path}/end`)
    expect([await stateOf(annsBox), await stateOf(bensBox)]).toEqual(['running', 'running'])
    expect((await run(ann.client, annsBox, 'true')).status).toBe(200)
    await room.other.restart()
  })

  it('sends a file to all or some, follows no link, and keeps what was there', async () => {
    const { ann, ben, otto, places } = room
    const lesson = await room.startLesson({ assignment: task.id })
    const first = await push(lesson.path, 'path=sheet/one.txt', 'first')
    expect(first.body.students).toEqual([
      { student: places.ann, name: 'ann', outcome: 'done', detail: null },
      { student: places.ben, name: 'ben', outcome: 'done', detail: null },
    ])
    expect(await readFile(annsBox, 'sheet/one.txt')).toBe('first')
    expect((await run(ann.client, annsBox, 'stat -c %U:%a sheet/one.txt')).body.stdout).toBe('user:644\n')

    const second = await push(
      lesson.path,
      `path=sheet/one.txt&students=${places.ann}&executable=true`,
      'second',
    )
    const [{ detail }] = second.body.students
    expect(second.body.students).toHaveLength(1)
    expect(detail).toMatch(/^sheet\/one\.txt\.\d{8}T\d{6}Z$/)
    expect(await readFile(annsBox, detail)).toBe('first')
    expect(await readFile(annsBox, 'sheet/one.txt')).toBe('second')
    expect(await readFile(bensBox, 'sheet/one.txt')).toBe('first')
    const third = await push(lesson.path, 'path=sheet/one.txt&existing=replace', 'third')
    expect(third.body.students[0]).toMatchObject({ outcome: 'done', detail: null })
    expect((await run(ann.client, annsBox, 'ls sheet')).body.stdout.trim().split('\n')).toHaveLength(2)

    await run(ben.client, bensBox, 'echo secret > target; ln -s /etc away; ln -s ../target sheet/link')
    await run(ann.client, annsBox, 'mkdir -p away sheet/link/full')
    const through = (await push(lesson.path, 'path=away/motd', 'x')).body.students
    expect(through).toMatchObject([
      { name: 'ann', outcome: 'done' },
      { name: 'ben', outcome: 'failed', detail: expect.any(String) },
    ])
    expect((await run(ben.client, bensBox, 'cat /etc/motd 2>&1')).body.stdout).not.toBe('x')
    const onto = (await push(lesson.path, 'path=sheet/link&existing=replace', 'new')).body.students
    expect(onto).toMatchObject([
      { name: 'ann', outcome: 'failed' },
      { name: 'ben', outcome: 'done' },
    ])
    expect(await readFile(bensBox, 'target')).toBe('secret\n')
    expect(await readFile(bensBox, 'sheet/link')).toBe('new')
    // Files of students who are frozen are there as well.
    await outcomes(`${lesson.path}/freeze`)
    expect((await push(lesson.path, 'path=frozen.txt', '')).body.students).toMatchObject([
      { outcome: 'done' },
      { outcome: 'done' },
    ])
    await outcomes(`${lesson.path}/thaw`)

    expect((await push(lesson.path, 'path=x', 'x', otto.client)).status).toBe(403)
    expect((await push(lesson.path, 'path=x', 'x', ann.client)).status).toBe(403)
    for (const query of ['path=../x', 'path=/etc/x', 'path=x&students=cs_1', 'path=x&existing=both', '']) {
      expect((await push(lesson.path, query, 'x')).status).toBe(400)
    }
    const large = await push(lesson.path, 'path=large', new Uint8Array(16 * 1024 * 1024 + 1))
    expect(large.status).toBe(413)
    expect((await run(ann.client, annsBox, 'ls large')).body.exitCode).not.toBe(0)
  })

  it('resets one to the starter, and keeps what was there as a snapshot', async () => {
    const { tess, ann, places } = room
    const plain = await room.startLesson()
    expect((await tess.client.call('POST', `${plain.path}/reset`, {})).status).toBe(409)
    const lesson = await room.startLesson({ assignment: task.id })
    await room.made(ann.client, 'POST', `${task.path}/check`)
    await run(ann.client, annsBox, 'echo mine > own.txt; echo broken > task/main.py')
    const { students } = await room.made(tess.client, 'POST', `${lesson.path}/reset`, {
      students: [places.ann],
    })
    expect(students).toMatchObject([
      { name: 'ann', outcome: 'done', detail: expect.stringContaining('before reset') },
    ])
    expect(await readFile(annsBox, 'task/main.py')).toBe('print(1)\n')
    expect((await run(ann.client, annsBox, 'ls own.txt')).body.exitCode).not.toBe(0)
    expect(await readFile(bensBox, 'sheet/one.txt')).toBe('third')
    const { work } = (await ann.client.call('GET', task.path)).body
    expect(work).toMatchObject({ sandbox: annsBox, passed: 0, checkedAt: null })

    const { items } = (await ann.client.call('GET', `/api/v1/snapshots?sandbox=${annsBox}`)).body
    expect(items).toMatchObject([{ name: students[0].detail }])
    await room.made(ann.client, 'POST', `${boxPath(annsBox)}/restore`, { snapshot: items[0].id })
    expect(await readFile(annsBox, 'own.txt')).toBe('mine\n')
    expect(await readFile(annsBox, 'task/main.py')).toBe('broken\n')
  })

  it('resets to the snapshot that an assignment begins with; who is frozen stays so', async () => {
    const { tess, owner, ann, places } = room
    const { id: desk } = await room.made(owner, 'POST', '/api/v1/sandboxes', { limits, network: 'none' })
    await owner.call('PUT', `${boxPath(desk)}/files?path=given.txt`, 'given', asBytes)
    const { id: snapshot } = await room.made(owner, 'POST', `${boxPath(desk)}/snapshots`, { name: 'given' })
    const from = await room.newAssignment({ title: 'From a snapshot', source: { snapshot } })
    const box = await room.begin(ann.client, from.path)
    await run(ann.client, box, 'echo changed > given.txt')
    const lesson = await room.startLesson({ assignment: from.id })
    await outcomes(`${lesson.path}/freeze`)
    expect((await ann.client.call('POST', `${boxPath(box)}/restore`, { snapshot })).status).toBeGreaterThan(
      399,
    )
    const { students } = await room.made(tess.client, 'POST', `${lesson.path}/reset`, {})
    expect(students).toMatchObject([
      { student: places.ann, outcome: 'done' },
      { student: places.ben, outcome: 'nothing', detail: 'has no sandbox yet' },
    ])
    expect(await stateOf(box)).toBe('paused')
    expect(await readFile(box, 'given.txt')).toBe('given')
    await room.made(tess.client, 'POST', `${lesson.path}/end`)
    expect(await stateOf(box)).toBe('running')
  })
})
