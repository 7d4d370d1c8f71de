import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTar } from '../../common/tar/read.js'
import { Cloche } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { type ExamClass, openExamClass } from '../../testing/exam-class.js'
import type { Principal } from '../auth/principal.js'
import { wholeSight } from '../auth/sight.js'
import { type Database, openDatabase } from '../database/client.js'
import { keepHouse } from '../database/housekeeping.js'
import { ActiveTime } from '../sandboxes/active-time.js'

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
const patience = { timeout: 90_000, interval: 500 }
const broken = (name: string, line: number) =>
  `echo "  File \\"/home/user/${name}.py\\", line ${line}" >&2; echo "NameError: name '${name}' is not defined" >&2; exit 1`

describe('statistics and data of students', { timeout: 240_000 }, () => {
  let room: ExamClass
  let database: Database
  let operator: TestClient
  const task = { id: '', path: '' }

  beforeAll(async () => {
    room = await openExamClass()
    const { instance, made, tess, classId, limits } = room
    const socket = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = openDatabase(`postgresql://cloche@localhost/cloche?host=${socket}`)
    operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    const { id } = await made(tess.client, 'POST', `/classes/${classId}/assignments`, {
      ...{ title: 'Sums', limits, network: 'none', published: true },
      steps: [
        { id: 'file', title: 'There is a file', check: { command: 'test -e main.sh' } },
        { id: 'none', title: 'Read' },
      ],
      tests: [
        { id: 'run', name: 'It runs', points: 2, command: 'sh main.sh', visible: 'all' },
        { id: 'secret', name: 'confidential', points: 1, command: 'test -e main.sh', visible: 'no' },
      ],
    })
    Object.assign(task, { id: String(id), path: `/assignments/${id}` })
    for (const [who, line] of [
      ['ann', 3],
      ['ben', 12],
    ] as const) {
      const { write } = await room.start(room[who].client, task.path)
      await write('main.sh', broken(who, line))
      await made(room[who].client, 'POST', `${task.path}/check`)
      await made(room[who].client, 'POST', `${task.path}/submissions`)
    }
  }, 300_000)
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]()
    await room?.[Symbol.asyncDispose]()
  })

  const call = (who: TestClient, method: string, path: string, body?: object) =>
    who.call(method, `/api/v1${path}`, body)
  const statistics = () => room.made(room.tess.client, 'GET', `${task.path}/statistics`)
  const privacy = (body: object) => room.made(operator, 'PATCH', '/admin/privacy', body)
  const student = (name: 'ann' | 'ben') => `/classes/${room.classId}/students/${room[name].place}`
  /** The files of a tar by their names. */
  const unpacked = async (who: TestClient, path: string) => {
    const { instance } = room
    const answer = await fetch(`${instance.url}/api/v1${path}`, { headers: who.extraHeaders })
    expect(answer.status).toBe(200)
    const files = new Map<string, string>()
    const whole = Buffer.from(await answer.arrayBuffer())
    for await (const member of readTar(of(whole))) {
      const parts: Buffer[] = []
      for await (const { bytes } of member.content()) parts.push(bytes)
      files.set(member.name.toString(), Buffer.concat(parts).toString())
    }
    return files
  }

  it('say which tests fail and why, without names, and nothing of how so few are distributed', async () => {
    const failed = async () => (await statistics()).tests[0].failed
    await expect.poll(failed, patience).toBe(2)
    expect(await statistics()).toMatchObject({
      ...{ students: 2, began: 2, handedIn: 2, graded: 2, points: null },
      steps: [
        { id: 'file', checked: true, passed: 2, failed: 0 },
        { id: 'none', checked: false, passed: 0 },
      ],
      tests: [
        { id: 'run', name: 'It runs', passed: 0, failed: 2, unknown: 0 },
        { id: 'secret', passed: 2, failed: 0 },
      ],
      errors: [
        {
          ...{ text: 'NameError: name … is not defined', students: 2, tests: ['run'] },
          example: "NameError: name '…' is not defined",
        },
      ],
      time: { minutes: null, each: null },
    })
    for (const who of [room.ann, room.ben])
      expect((await call(who.client, 'GET', `${task.path}/statistics`)).status).toBe(403)
  })

  it('are read of results that were stored before causes were', async () => {
    const { tenant } = await room.made(room.owner, 'GET', '/me')
    await room.database.query('UPDATE grading SET causes = NULL WHERE "tenantId" = $1', [tenant.id])
    // stderr is not kept: what is left of these is how they ended.
    const { tests, errors } = await statistics()
    expect(tests[0]).toMatchObject({ passed: 0, failed: 2 })
    expect(errors).toMatchObject([{ students: 2, tests: ['run'] }])
    const left = 'SELECT FROM grading WHERE causes IS NULL AND "tenantId" = $1'
    const { rows } = await room.database.query(left, [tenant.id])
    expect(rows).toEqual([])
  })

  describe('of time', () => {
    const principal = (role: 'student' | 'member', userId: string): Principal => ({
      ...{
        kind: 'user',
        userId,
        sessionId: null,
        actor: '',
        tenantId: '',
        role,
        operator: false,
        keyId: null,
        keyLimits: null,
      },
      ...{ readsAdministration: false, auditsCommands: false, idle: null, sight: wholeSight() },
    })
    const sandboxOf = async (userId: string) => {
      const { rows } = await room.database.query(
        'SELECT "sandboxId" AS id FROM assignment_work WHERE "userId" = $1 AND "assignmentId" = $2',
        [userId, task.id],
      )
      return String(rows[0].id)
    }
    const minutesOf = async (userId: string) => {
      const { rows } = await room.database.query(
        'SELECT sum(minutes)::INTEGER AS minutes, sum("shownMinutes")::INTEGER AS shown FROM active_time WHERE "userId" = $1',
        [userId],
      )
      return rows[0]
    }
    const minute = async () =>
      Number((await room.database.query('SELECT floor(extract(epoch FROM now()) / 60) AS at')).rows[0].at)

    it('count what students did, by themselves', async () => {
      await expect.poll(async () => (await minutesOf(room.ann.id)).minutes, patience).toBeGreaterThan(0)
    })

    it('count a minute once, by whichever servers, and only of the student whose sandbox it is', async () => {
      const sandbox = await sandboxOf(room.ann.id)
      await room.database.query('DELETE FROM active_time')
      const from = await minute()
      const servers = [new ActiveTime(database), new ActiveTime(database), new ActiveTime(database)]
      for (let round = 0; round < 4; round++) {
        for (const one of servers) {
          one.note(principal('student', room.ann.id), 'file.write', sandbox)
          one.note(principal('student', room.ann.id), 'exec.start', sandbox)
        }
        await Promise.all(servers.map((one) => one.record()))
      }
      const to = await minute()
      const { minutes } = await minutesOf(room.ann.id)
      expect(minutes).toBeGreaterThan(0)
      expect(minutes).toBeLessThanOrEqual(to - from + 1)
      await room.database.query('DELETE FROM active_time')
      const [one] = servers
      one?.note(principal('member', room.tess.id), 'file.write', sandbox)
      one?.note({ ...principal('student', room.ann.id), unattended: true }, 'file.write', sandbox)
      one?.note(principal('student', room.ann.id), 'file.read', sandbox)
      await one?.record()
      one?.note(principal('student', room.ben.id), 'file.write', sandbox)
      await one?.record()
      const { rows } = await room.database.query('SELECT FROM active_time')
      expect(rows).toEqual([])
    })

    it('show each student only what was counted while both have turned it on, and tell them', async () => {
      const { tess, ann, classId, made } = room
      const school = `/classes/${classId}`
      const on = { studentTimes: true }
      expect(await call(tess.client, 'PATCH', school, on)).toMatchObject({ body: { code: 'conflict' } })
      await privacy(on)
      const before = await made(ann.client, 'GET', '/work')
      expect(before.items[0].timeShown).toBe(false)
      await room.database.query(
        `INSERT INTO active_time VALUES ($1, $2, '2026-11-01', 40, 0, '2026-11-01') ON CONFLICT DO NOTHING`,
        [task.id, ann.id],
      )
      expect((await made(tess.client, 'PATCH', school, on)).studentTimes).toEqual({ on: true, allowed: true })
      const sandbox = await sandboxOf(ann.id)
      const server = new ActiveTime(database)
      server.type(principal('student', ann.id), sandbox)
      await server.record()
      const { shown } = await minutesOf(ann.id)
      expect(shown).toBeGreaterThan(0)
      const { time } = await statistics()
      expect(time).toMatchObject({ state: 'few', minutes: null })
      const each = new Map(time.each.map((one: { name: string; minutes: number }) => [one.name, one.minutes]))
      expect(each.get('ann')).toBeLessThan(40)
      expect((await made(ann.client, 'GET', '/work')).items[0].timeShown).toBe(true)
      expect((await made(ann.client, 'GET', school)).studentTimes).toEqual({ on: true, allowed: true })
      await privacy({ studentTimes: false })
      expect((await statistics()).time.each).toBeNull()
      expect((await made(ann.client, 'GET', '/work')).items[0].timeShown).toBe(false)
    })

    it('are distributed from five students on, are switched off, and are forgotten', async () => {
      const { made, tess, classId } = room
      await room.database.query(
        `INSERT INTO active_time VALUES ($1, $2, '2026-11-01', 40, 0, '2026-11-01') ON CONFLICT DO NOTHING`,
        [task.id, room.ben.id],
      )
      for (const minutes of [11, 52, 99]) {
        const one = await made(tess.client, 'POST', `/classes/${classId}/students`, { name: `P${minutes}` })
        await room.database.query(
          `INSERT INTO active_time VALUES ($1, $2, '2026-11-01', $3, 0, '2026-11-01')`,
          [...[task.id, one.userId, minutes]],
        )
      }
      const { time } = await statistics()
      expect(time).toMatchObject({ state: 'shown', each: null, minutes: { students: 5, upperQuartile: 50 } })
      await privacy({ timeStatistics: false })
      expect((await statistics()).time).toEqual({ state: 'off', minutes: null, each: null })
      const server = new ActiveTime(database)
      await room.database.query('DELETE FROM active_time WHERE "userId" = $1', [room.ann.id])
      server.type(principal('student', room.ann.id), await sandboxOf(room.ann.id))
      await server.record()
      expect(await minutesOf(room.ann.id)).toEqual({ minutes: null, shown: null })
      await privacy({ timeStatistics: true, activityDays: 1 })
      await keepHouse(database.pool)
      const { rows } = await room.database.query(`SELECT FROM active_time WHERE day < now()::DATE - 1`)
      expect(rows).toEqual([])
    })
  })

  it('give a teacher, and the student, all that the class has of them', async () => {
    const { ann, ben, tess, made, classId } = room
    await made(tess.client, 'PUT', `${task.path}/grades/${ann.id}`, { points: 1.5, comment: 'see line 3' })
    const handIns = await made(tess.client, 'GET', `${task.path}/submissions`)
    const { id: handIn } = handIns.items.find(
      (one: { student: { userId: string } }) => one.student.userId === ann.id,
    )
    const comment = { path: 'main.sh', line: 1, text: 'say why' }
    await made(tess.client, 'POST', `/submissions/${handIn}/comments`, comment)
    const all = await unpacked(tess.client, `${student('ann')}/export`)
    const file = `submissions/${task.id}/1/main.sh`
    expect([...all.keys()]).toEqual(
      expect.arrayContaining([
        ...['profile.json', 'work.json', 'grades.json', 'activity.json', 'exams.json'],
        file,
      ]),
    )
    expect(all.get(file)).toContain("name 'ann'")
    expect(JSON.parse(all.get('profile.json') ?? '')).toMatchObject({ name: 'ann', address: ann.email })
    expect(all.get('grades.json')).toContain('see line 3')
    expect(JSON.parse(all.get('comments.json') ?? '')).toMatchObject([comment])
    const [submission] = JSON.parse(all.get('submissions.json') ?? '')
    const receipt = JSON.parse(all.get(`receipts/${submission.id}.json`) ?? '')
    expect(await made(ann.client, 'POST', '/receipts/check', receipt)).toEqual({ valid: true, stored: true })
    const own = await unpacked(ann.client, `/classes/${classId}/students/${ann.id}/export`)
    expect(own.get(file)).toEqual(all.get(file))
    for (const files of [all, own]) {
      expect([...files.values()].join()).not.toContain('confidential')
      expect([...files.values()].join()).not.toContain("name 'ben'")
    }
    for (const id of [ann.place, ann.id, 'us_none'])
      expect((await call(ben.client, 'GET', `/classes/${classId}/students/${id}/export`)).status).toBe(404)
  })

  it('close the export to whoever writes an exam', async () => {
    const exam = await room.exam()
    const status = async () => (await call(room.ann.client, 'GET', `${student('ann')}/export`)).status
    await expect.poll(status, patience).toBe(403)
    await room.start(room.ann.client, exam.path)
    const body = { confirm: 'ann' }
    expect(await call(room.tess.client, 'POST', `${student('ann')}/deletion`, body)).toMatchObject({
      body: { code: 'conflict' },
    })
    await room.remove(exam.path)
  })

  it('are deleted with the name of the student, and nobody else’s', async () => {
    const { ann, ben, tess, owner, made } = room
    const path = `${student('ann')}/deletion`
    const found = await made(tess.client, 'GET', path)
    expect(found).toMatchObject({
      ...{ student: { name: 'ann' }, work: 1, submissions: 1, gradings: 1, grades: 1 },
      sandboxes: [{ name: 'Sums' }],
    })
    await made(ann.client, 'POST', `/sandboxes/${found.sandboxes[0].id}/snapshots`, { name: 'before' })
    for (const confirm of ['Ann', 'ben', ben.place]) {
      const refused = await call(tess.client, 'POST', path, { confirm })
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    }
    for (const who of [ann, ben]) expect((await call(who.client, 'GET', path)).status).toBe(403)
    expect((await made(tess.client, 'GET', path)).submissions).toBe(1)
    const gone = await made(tess.client, 'POST', path, { confirm: 'ann' })
    expect(gone).toMatchObject({
      submissions: 1,
      snapshots: [{ name: 'before' }],
      sandboxes: [{ name: 'Sums' }],
    })
    expect(await made(tess.client, 'GET', path)).toMatchObject({
      ...{ work: 0, submissions: 0, gradings: 0, grades: 0, activeDays: 0, sandboxes: [], snapshots: [] },
    })
    expect((await call(ann.client, 'GET', `/sandboxes/${gone.sandboxes[0].id}`)).status).toBe(404)
    expect(await made(tess.client, 'GET', `${student('ben')}/deletion`)).toMatchObject({
      submissions: 1,
      work: 1,
    })
    const { items } = await made(owner, 'GET', '/audit?action=class.student_data_delete')
    expect(items).toMatchObject([{ detail: { student: ann.place, submissions: 1, sandboxes: 1 } }])
    expect(JSON.stringify(items)).not.toContain('"ann')
    await made(ann.client, 'POST', `${task.path}/start`)
  })

  it('of somebody who has left the class are deleted by owners and admins', async () => {
    const { ben, tess, owner, made, classId } = room
    await made(tess.client, 'DELETE', student('ben'))
    const path = `/classes/${classId}/students/${ben.id}/deletion`
    expect((await call(tess.client, 'GET', path)).status).toBe(403)
    await made(owner, 'POST', path, { confirm: ben.id })
    expect((await call(owner, 'GET', path)).status).toBe(404)
  })

  it('are what docs/how-to/statistics-and-privacy.md shows', async () => {
    const { instance } = room
    const cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    const page = await readFile('docs/how-to/statistics-and-privacy.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(1)
    const told: string[] = []
    const log = (...words: readonly unknown[]) => void told.push(words.join(' '))
    await new AsyncFunction('cloche', 'console', blocks.join('\n'))(cloche, { log })
    expect(told).toEqual(['1 0 few', 'true', '0 0'])
  })
})

async function* of(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
