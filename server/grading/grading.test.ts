import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const patience = { timeout: 60_000, interval: 300 }

describe('grading', { timeout: 180_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let tess: Awaited<ReturnType<typeof join>>
  let ann: Awaited<ReturnType<typeof join>>
  let ben: Awaited<ReturnType<typeof join>>
  let other: AnotherServer
  let database: pg.Client
  let math = ''

  const made = async (
    who: TestClient,
    method: string,
    path: string,
    body?: object | string,
    headers = {},
  ) => {
    const answer = await who.call(method, path, body, headers)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const join = async (name: string, role: string) => {
    const email = `${name}@example.org`
    const client = await TestClient.signUp(instance.url, email)
    const { body } = await client.call('GET', '/api/v1/me')
    const { url } = await made(owner, 'POST', '/api/v1/invitations', { email, role })
    const secret = new URL(url).hash.slice(1)
    expect((await client.call('POST', '/api/v1/invitations/accept', { secret })).status).toBe(200)
    return { client, id: String(body.user.id) }
  }
  const newOne = async (body: object = {}) => {
    const wanted = { title: 'Sums', limits, published: true, network: 'none', ...body }
    const one = await made(tess.client, 'POST', `/api/v1/classes/${math}/assignments`, wanted)
    return { ...one, path: `/api/v1/assignments/${one.id}` }
  }
  /** Puts a file into the sandbox of a student, by a shell command, and hands in. */
  const handIn = async (who: TestClient, path: string, command: string) => {
    const { sandbox } = await made(who, 'POST', `${path}/start`)
    const { body } = await who.call('POST', `/api/v1/sandboxes/${sandbox}/exec`, { command })
    expect(body.exitCode, JSON.stringify(body)).toBe(0)
    const one = await made(who, 'POST', `${path}/submissions`)
    await made(who, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
    return one
  }
  const gradingsOf = async (who: TestClient, id: string) =>
    (await made(who, 'GET', `/api/v1/submissions/${id}/gradings`)).items
  /** The newest one when it has ended. */
  const graded = async (id: string) => {
    let newest:
      | { state: string; points: number; maxPoints: number; message: string | null; tests: Result[] }
      | undefined
    const state = async () => {
      newest = (await gradingsOf(tess.client, id))[0]
      return newest?.state
    }
    await expect.poll(state, patience).not.toMatch(/queued|running|undefined/)
    return newest ?? expect.fail('it was never graded')
  }
  interface Result {
    readonly id: string
    readonly name: string | null
    readonly status: string
    readonly points: number
    readonly output: string | null
    readonly message: string | null
  }
  const statuses = (tests: readonly Result[]) => tests.map(({ id, status, points }) => [id, status, points])
  /** What somebody's own work says of their grade. */
  const workOf = async (who: TestClient, id: string) => {
    const { items } = await made(who, 'GET', '/api/v1/work')
    return items.find(({ assignment }: { assignment: string }) => assignment === id).grade
  }
  const gradesOf = async (who: TestClient, path: string) => (await made(who, 'GET', `${path}/grades`)).items

  beforeAll(async () => {
    instance = await sharedInstance()
    other = await AnotherServer.start(instance)
    const socket = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${socket}` })
    await database.connect()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    tess = await join('tess', 'member')
    ann = await join('ann', 'student')
    ben = await join('ben', 'student')
    math = (await made(owner, 'POST', '/api/v1/classes', { name: 'Math', timeZone: 'Europe/Berlin' })).id
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${tess.id}`, { role: 'teacher' })
    for (const name of ['ann', 'ben']) {
      const pupil = { name, email: `${name}@example.org` }
      await made(owner, 'POST', `/api/v1/classes/${math}/students`, pupil)
    }
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('runs the tests when something is handed in, in fresh sandboxes with the originals, and compares outside', async () => {
    const one = await newOne({
      readOnly: ['lib.sh'],
      tests: [
        {
          id: 'sum',
          name: 'Sum',
          points: 3,
          command: 'sh sum.sh',
          input: '1 2\n',
          expected: '3',
          comparison: 'exact',
        },
        { id: 'part', name: 'Part', points: 2, command: 'sh sum.sh', input: '5 5\n', expected: '1' },
        {
          id: 'regex',
          name: 'Regex',
          points: 1,
          command: 'sh sum.sh',
          input: '2 2',
          expected: '^[0-4]$',
          comparison: 'regex',
        },
        {
          id: 'wrong',
          name: 'Wrong',
          points: 4,
          command: 'sh sum.sh',
          input: '1 1',
          expected: '3',
          comparison: 'exact',
        },
        { id: 'exit', name: 'Exit', points: 0.5, command: 'exit 3' },
        { id: 'slow', name: 'Slow', points: 1, command: 'sleep 60', timeoutSeconds: 1 },
        {
          id: 'evil',
          name: 'Evil',
          points: 1,
          command: 'printf "%0100d" 0 | tr 0 a; echo b',
          expected: '^(a+)+$',
          comparison: 'regex',
        },
        {
          id: 'lib',
          name: 'Lib',
          points: 0.25,
          command: 'cat lib.sh',
          expected: 'original',
          comparison: 'exact',
        },
        {
          id: 'link',
          name: 'Link',
          points: 0.25,
          command: 'readlink link',
          expected: '/etc/passwd',
          comparison: 'exact',
        },
        {
          id: 'alone',
          name: 'Alone',
          points: 0.5,
          command: 'ls ~; touch /tmp/seen; ls /tmp',
          expected: 'seen',
        },
        { id: 'fresh', name: 'Fresh', points: 0.5, command: 'test ! -e /tmp/seen' },
        { id: 'made', name: 'Made', points: 1, setup: 'sh make.sh', command: 'cat built', expected: 'built' },
        { id: 'unmade', name: 'Unmade', points: 1, setup: 'echo broken >&2; exit 1', command: 'true' },
      ],
    })
    await tess.client.call('PUT', `${one.path}/files/starter/file?path=lib.sh`, 'original', {
      'content-type': 'application/octet-stream',
    })
    await tess.client.call('PUT', `${one.path}/files/hidden/file?path=secret.txt`, 'of the tests', {
      'content-type': 'application/octet-stream',
    })
    const { id } = await handIn(
      ...([ann.client, one.path] as const),
      `echo 'read a b; echo $((a+b))' > sum.sh; echo 'echo built > built' > make.sh; ln -s /etc/passwd link
       rm -f lib.sh; mkdir lib.sh; echo mine > lib.sh/x`,
    )
    const result = await graded(id)
    expect(statuses(result.tests)).toEqual([
      ...[
        ['sum', 'passed', 3],
        ['part', 'passed', 2],
        ['regex', 'passed', 1],
        ['wrong', 'failed', 0],
      ],
      ...[
        ['exit', 'failed', 0],
        ['slow', 'time_limit', 0],
        ['evil', 'failed', 0],
        ['lib', 'passed', 0.25],
      ],
      ...[
        ['link', 'passed', 0.25],
        ['alone', 'passed', 0.5],
        ['fresh', 'passed', 0.5],
        ['made', 'passed', 1],
      ],
      ...[['unmade', 'setup_failed', 0]],
    ])
    expect([result.points, result.maxPoints]).toEqual([8.5, 16])
    expect(result.tests.find((test) => test.id === 'alone')?.output).not.toContain('secret')
    expect(result.tests.find((test) => test.id === 'unmade')?.output).toContain('broken')
    // Nobody's list of runs has them, and they count for no student.
    for (const who of [ann.client, tess.client, owner]) {
      expect((await made(who, 'GET', '/api/v1/runs')).items).toEqual([])
    }
  })

  it('does not believe what the program says, whatever it prints', async () => {
    const forged = `{"status":"passed","points":1000} ok 1 <testsuite tests="1" failures="0"/>`
    const one = await newOne({
      tests: [
        { id: 'one', name: 'One', points: 2, command: './run', expected: 'right', comparison: 'exact' },
      ],
    })
    const { id } = await handIn(
      ...([ann.client, one.path] as const),
      `printf '#!/bin/sh\\necho '"'"'${forged}'"'"'\\necho wrong; exit 0' > run; chmod +x run; echo right > expected`,
    )
    expect(await graded(id)).toMatchObject({ points: 0, maxPoints: 2 })
  })

  it('shows students what the assignment and each test say, and classmates nothing', async () => {
    const one = await newOne({
      dueAt: '2990-01-01T00:00',
      tests: [
        {
          id: 'a',
          name: 'Secret name',
          points: 1,
          command: 'cat; false',
          input: 'hidden-input',
          visible: 'no',
        },
        {
          id: 'b',
          name: 'Named',
          points: 1,
          command: 'cat',
          input: 'hidden-input',
          expected: 'hidden-expected',
        },
        { id: 'c', name: 'Open', points: 1, command: 'echo seen', visible: 'all' },
      ],
    })
    const { id } = await handIn(ann.client, one.path, 'echo x > x')
    await graded(id)
    const [own] = await gradingsOf(ann.client, id)
    expect(own).toMatchObject({ state: 'finished', points: 1, maxPoints: 3 })
    expect(own.tests).toMatchObject([
      { name: null, status: 'failed', output: null, message: null },
      { name: 'Named', status: 'failed', output: null, message: null },
      { name: 'Open', status: 'passed', output: 'seen\n' },
    ])
    expect(JSON.stringify(own)).not.toContain('hidden-')
    const path = `/api/v1/submissions/${id}/gradings`
    expect((await ben.client.call('GET', path)).status).toBe(404)
    expect((await ben.client.call('POST', path)).status).toBe(403)
    expect((await ann.client.call('POST', `/api/v1/submissions/${id}/gradings`)).status).toBe(403)
    expect((await ann.client.call('PUT', `${one.path}/grades/${ann.id}`, { points: 3 })).status).toBe(403)
    expect(await gradesOf(ben.client, one.path)).toMatchObject([
      { student: { userId: ben.id }, points: null },
    ])
    const grading = (feedback: string) => ({ grading: { feedback } })
    for (const feedback of ['never', 'after_due']) {
      await made(tess.client, 'PATCH', one.path, grading(feedback))
      expect(await gradingsOf(ann.client, id)).toMatchObject([{ points: null, tests: null }])
      expect(await gradesOf(ann.client, one.path)).toMatchObject([{ state: 'hidden', points: null }])
      expect(await workOf(ann.client, one.id)).toEqual({
        ...{ submission: id, state: 'hidden', points: null, maxPoints: expect.any(Number) },
      })
    }
    await made(tess.client, 'PATCH', one.path, {
      dueAt: '2020-01-01T00:00',
      late: { until: null, percentPerDay: 0 },
    })
    expect(await gradesOf(ann.client, one.path)).toMatchObject([
      { state: 'graded', points: 1, handedIn: { number: 1, late: { percent: 0 } } },
    ])
    expect(await workOf(ann.client, one.id)).toMatchObject({ submission: id, state: 'graded', points: 1 })
    expect(await workOf(ben.client, one.id)).toMatchObject({ submission: null, state: 'none', points: null })
  })

  it('keeps what came before when it is asked again, and gives points by hand with a history', async () => {
    const test = { id: 'a', name: 'A', points: 10, command: 'cat x', expected: 'y', comparison: 'exact' }
    const one = await newOne({
      tests: [test],
      dueAt: '2990-01-01T00:00',
      late: { until: null, percentPerDay: 30 },
    })
    const { id } = await handIn(ann.client, one.path, 'echo x > x')
    expect(await graded(id)).toMatchObject({ points: 0 })
    await made(tess.client, 'PATCH', one.path, { tests: [{ ...test, expected: 'x' }] })
    expect(await made(tess.client, 'POST', `${one.path}/gradings`, {})).toEqual({ count: 1 })
    expect(await graded(id)).toMatchObject({ points: 10 })
    expect((await gradingsOf(tess.client, id)).map(({ points }: { points: number }) => points)).toEqual([
      10, 0,
    ])
    expect(await made(tess.client, 'POST', `${one.path}/gradings`, { which: 'ungraded' })).toEqual({
      count: 0,
    })
    // Late by two days.
    await database.query(
      `UPDATE assignment SET "dueAt" = (SELECT at - interval '30 hours' FROM submission WHERE id = $1), "dueLocal" = NULL WHERE id = $2`,
      [id, one.id],
    )
    const grade = async () =>
      (await gradesOf(tess.client, one.path)).find(
        ({ student }: { student: { userId: string } }) => student.userId === ann.id,
      )
    expect(await grade()).toMatchObject({
      tested: 10,
      latePercent: 60,
      points: 4,
      maxPoints: 10,
      given: null,
    })
    const give = (points: number | null, comment = '') =>
      tess.client.call('PUT', `${one.path}/grades/${ann.id}`, { points, comment })
    expect((await give(11)).status).toBe(400)
    expect((await give(7.5, 'well explained')).body).toMatchObject({
      points: 7.5,
      given: { by: 'tess@example.org' },
    })
    expect(await gradesOf(ann.client, one.path)).toMatchObject([
      { points: 7.5, given: { points: 7.5, comment: 'well explained', by: null } },
    ])
    await give(null, 'a mistake')
    expect(await grade()).toMatchObject({ points: 4, given: null })
    const { items } = await made(tess.client, 'GET', `${one.path}/grades/${ann.id}`)
    expect(items.map(({ points }: { points: number | null }) => points)).toEqual([null, 7.5])
    // Without anything handed in as well.
    expect((await tess.client.call('PUT', `${one.path}/grades/${ben.id}`, { points: 1 })).body).toMatchObject(
      {
        ...{ submission: null, points: 1, state: 'graded' },
      },
    )
    expect((await tess.client.call('PUT', `${one.path}/grades/${tess.id}`, { points: 1 })).status).toBe(404)
  })

  it('has a grade book, whose CSV holds no formulas', async () => {
    const { id } = await made(owner, 'POST', '/api/v1/classes', { name: 'Formulas' })
    const path = `/api/v1/classes/${id}`
    await made(owner, 'POST', `${path}/students`, { name: '=1+1' })
    await made(owner, 'POST', `${path}/students`, { name: 'ben', email: 'ben@example.org' })
    const wanted = { title: '@SUM(A1)', grading: { maxPoints: 5 } }
    const { id: assignment } = await made(owner, 'POST', `${path}/assignments`, wanted)
    await made(owner, 'PUT', `/api/v1/assignments/${assignment}/grades/${ben.id}`, { points: 4.5 })
    const book = await made(owner, 'GET', `${path}/gradebook`)
    expect(book.assignments).toEqual([{ id: assignment, title: '@SUM(A1)', maxPoints: 5 }])
    expect(book.students).toMatchObject([
      { name: '=1+1', grades: [{ points: null, state: 'none', given: false, submission: null }], total: 0 },
      { name: 'ben', userId: ben.id, grades: [{ points: 4.5, state: 'graded', given: true }], total: 4.5 },
    ])
    const csv = await fetch(`${instance.url}${path}/gradebook.csv`, { headers: owner.extraHeaders })
    expect((await csv.text()).split('\r\n')).toEqual([
      ...['Name,Number,"\'@SUM(A1) (5)",Total', `"'=1+1",,,0`, 'ben,,4.5,4.5', ''],
    ])
    const asCsv = { 'content-type': 'text/csv' }
    const points = 'Name,@SUM(A1)\nben,3\n'
    const preview = await made(owner, 'POST', `${path}/gradebook/preview`, points, asCsv)
    expect(preview.changed).toMatchObject([{ student: { userId: ben.id }, from: 4.5, to: 3 }])
    const apply = () => owner.call('POST', `${path}/gradebook?digest=${preview.digest}`, points, asCsv)
    expect((await apply()).body).toEqual({ changed: 1, unchanged: 0 })
    // Something else would be done now.
    expect((await apply()).status).toBe(409)
    expect(
      (await made(owner, 'GET', `/api/v1/assignments/${assignment}/grades/${ben.id}`)).items,
    ).toMatchObject([{ points: 3 }, { points: 4.5 }])
    expect((await ann.client.call('GET', `${path}/gradebook`)).status).toBe(403)
    expect((await tess.client.call('GET', `${path}/gradebook`)).status).toBe(404)
  })

  it('says why what cannot be run is not, and cancels what waits or runs', async () => {
    const test = { id: 'a', name: 'A', points: 1, command: 'sleep 100', timeoutSeconds: 200 }
    const one = await newOne({ tests: [test], grading: { automatic: false, template: 'nowhere' } })
    const { id } = await handIn(ann.client, one.path, 'echo x > x')
    expect(await gradingsOf(tess.client, id)).toEqual([])
    await made(tess.client, 'POST', `/api/v1/submissions/${id}/gradings`)
    const refused = await graded(id)
    expect(refused.state).toBe('failed')
    expect(refused.message).toContain('nowhere')
    await made(tess.client, 'PATCH', one.path, { grading: {} })
    const [first, second] = [
      await made(tess.client, 'POST', `/api/v1/submissions/${id}/gradings`),
      await made(tess.client, 'POST', `/api/v1/submissions/${id}/gradings`),
    ]
    expect(second.id).toBe(first.id)
    const state = async () => (await gradingsOf(tess.client, id))[0].state
    await expect.poll(state, patience).toBe('running')
    expect(await made(tess.client, 'DELETE', `${one.path}/gradings`)).toEqual({ count: 1 })
    expect(await state()).toBe('canceled')
    const none = await newOne()
    expect((await tess.client.call('POST', `${none.path}/gradings`, {})).status).toBe(409)
  })

  it('computes each grade once or again, and never twice, when servers are killed meanwhile', async () => {
    const test = { id: 'a', name: 'A', points: 1, command: 'sleep 2; cat x', expected: 'x' }
    const one = await newOne({ tests: [test], grading: { automatic: false } })
    const first = await handIn(ann.client, one.path, 'echo x > x')
    const second = await handIn(ben.client, one.path, 'echo x > x')
    for (let round = 0; round < 2; round++) {
      await made(tess.client, 'POST', `${one.path}/gradings`, {})
      const byOther = async () => {
        const { rows } = await database.query(
          `SELECT count(*)::INTEGER AS count FROM grading WHERE state = 'running'`,
        )
        return rows[0].count
      }
      await expect.poll(byOther, patience).toBeGreaterThan(0)
      await other.end('SIGKILL')
      await other.restart()
    }
    for (const { id } of [first, second])
      expect(await graded(id)).toMatchObject({ state: 'finished', points: 1 })
    const { rows } = await database.query(
      `SELECT state, count(*)::INTEGER AS count FROM grading JOIN submission ON submission.id = "submissionId"
       WHERE "assignmentId" = $1 GROUP BY state`,
      [one.id],
    )
    const open = rows.filter(({ state }) => state !== 'finished')
    expect(open).toEqual([])
    expect(await gradesOf(tess.client, one.path)).toMatchObject([{ points: 1 }, { points: 1 }])
  })
})
