import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { Cloche } from '../../sdk/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { copied, original, unrelated } from './samples.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const run = promisify(execFile)
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

describe('what is said about hand-ins', { timeout: 180_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let tess: Awaited<ReturnType<typeof join>>
  let otto: Awaited<ReturnType<typeof join>>
  let mia: Awaited<ReturnType<typeof join>>
  let ann: Awaited<ReturnType<typeof join>>
  let other: AnotherServer
  let database: pg.Client
  let tenantId = ''
  let math = ''

  const made = async (who: TestClient, method: string, path: string, body?: object | string) => {
    const answer = await who.call(method, path, body)
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
    const wanted = { title: 'Means', limits, published: true, network: 'none', ...body }
    const one = await made(tess.client, 'POST', `/api/v1/classes/${math}/assignments`, wanted)
    return { id: String(one.id), path: `/api/v1/assignments/${one.id}` }
  }
  /** What many students have handed in: rows as handing in writes them. @returns ids of submissions, by name */
  const handedIn = async (
    assignment: string,
    all: Readonly<Record<string, Record<string, string | Buffer>>>,
  ) => {
    const ids = new Map<string, string>()
    for (const [name, files] of Object.entries(all)) {
      const [id, userId] = [newId('su'), `us_${randomUUID()}`]
      ids.set(name, id)
      await database.query(
        `INSERT INTO "user" (id, name, email, "updatedAt") VALUES ($1, $2, $3, now() AT TIME ZONE 'UTC')`,
        [userId, name, `${userId}@example.org`],
      )
      await add(assignment, { id, userId, name, number: 1 }, files)
    }
    return (name: string) => ids.get(name) ?? expect.fail(`${name} has handed in nothing`)
  }
  const add = async (
    assignment: string,
    { id, userId, name, number }: { id: string; userId: string; name: string; number: number },
    files: Record<string, string | Buffer>,
  ) => {
    const digest = createHash('sha256').update(id).digest('hex')
    await database.query(
      `INSERT INTO submission (id, "tenantId", "assignmentId", "userId", "studentName", number, at, digest, files, bytes,
         "newBytes", "leftOut", "leftOutCount")
       VALUES ($1, $2, $3, $4, $5, $6, now() AT TIME ZONE 'UTC', $7, 1, 1, 1, '[]', 0)`,
      [id, tenantId, assignment, userId, name, number, digest],
    )
    for (const [position, [path, text]] of Object.entries(files).entries()) {
      const content = Buffer.from(text)
      const blob = createHash('sha256').update(content).digest('hex')
      await database.query('INSERT INTO submission_blob VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
        tenantId,
        blob,
        content.length,
        content,
      ])
      await database.query('INSERT INTO submission_file VALUES ($1, $2, $3, $4, false, NULL, $5, $5)', [
        ...[id, position, tenantId, path, blob],
      ])
    }
  }
  const report = (who: TestClient, path: string) => made(who, 'GET', `${path}/similarity`)
  interface Pair {
    readonly one: { readonly student: { readonly name: string } }
    readonly other: { readonly student: { readonly name: string } }
  }
  const namesOf = ({ pairs }: { pairs: Pair[] }) =>
    pairs.map(({ one, other }) => [one.student.name, other.student.name].toSorted())

  beforeAll(async () => {
    instance = await sharedInstance()
    other = await AnotherServer.start(instance)
    const socket = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${socket}` })
    await database.connect()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    tess = await join('tess', 'member')
    otto = await join('otto', 'member')
    mia = await join('mia', 'member')
    ann = await join('ann', 'student')
    math = (await made(owner, 'POST', '/api/v1/classes', { name: 'Math', timeZone: 'Europe/Berlin' })).id
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${tess.id}`, { role: 'teacher' })
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${otto.id}`, { role: 'assistant' })
    await made(owner, 'POST', `/api/v1/classes/${math}/students`, { name: 'Ann', email: 'ann@example.org' })
    const { rows } = await database.query('SELECT "tenantId" FROM class WHERE id = $1', [math])
    tenantId = rows[0].tenantId
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('is which are similar, side by side, for the staff of the class alone', async () => {
    const one = await newOne()
    const of = await handedIn(one.id, {
      Ben: { 'mean.py': original },
      Cem: { 'src/werte.py': copied, 'data.bin': Buffer.from([0, 1, 2]), 'package-lock.json': '{}' },
      Dan: { 'tree.py': unrelated },
      Eve: { 'short.py': 'print(1)\n', 'huge.txt': 'x'.repeat(300_000) },
    })
    const found = await report(otto.client, one.path)
    expect(found).toMatchObject({
      compared: 4,
      handInsLeftOut: 0,
      pairCount: 1,
      shortCount: 1,
      skippedCount: 3,
    })
    expect(namesOf(found)).toEqual([['Ben', 'Cem']])
    expect(found.pairs[0]).toMatchObject({ similarity: 1, longest: expect.any(Number) })
    expect(found.short).toMatchObject([{ submission: of('Eve'), student: { name: 'Eve' } }])
    const skipped = found.skipped.map(({ student, path, why }: Record<string, unknown>) => [
      student,
      path,
      why,
    ])
    expect(skipped).toEqual(
      expect.arrayContaining([
        [expect.objectContaining({ name: 'Cem' }), 'data.bin', 'binary'],
        [expect.objectContaining({ name: 'Cem' }), 'package-lock.json', 'generated'],
        [expect.objectContaining({ name: 'Eve' }), 'huge.txt', 'long'],
      ]),
    )
    const query = new URLSearchParams({ one: of('Cem'), other: of('Ben') })
    const pair = await made(tess.client, 'GET', `${one.path}/similarity/pair?${query}`)
    expect([pair.one.student.name, pair.other.student.name]).toEqual(['Cem', 'Ben'])
    const [longest] = pair.fragments
    expect(longest.one.path).toBe('src/werte.py')
    expect(longest.other.path).toBe('mean.py')
    expect(longest.one.lines.join('\n')).toContain('werte.append(int(line))')
    expect(longest.other.lines.join('\n')).toContain('numbers.append(int(line))')
    expect(longest.other.lines[longest.other.from - longest.other.start]).toMatch(/\S/)

    const unlike = new URLSearchParams({ one: of('Cem'), other: of('Dan') })
    expect((await tess.client.call('GET', `${one.path}/similarity/pair?${unlike}`)).status).toBe(404)
    for (const path of [`${one.path}/similarity`, `${one.path}/similarity/pair?${query}`]) {
      expect((await ann.client.call('GET', path)).status).toBe(403)
      expect((await mia.client.call('GET', path)).status).toBe(404)
    }
  })

  it('is computed once for the same hand-ins, whichever servers are asked, and goes with what was deleted', async () => {
    const one = await newOne()
    const of = await handedIn(one.id, { Ben: { 'a.py': original }, Cem: { 'a.py': copied } })
    const there = new TestClient(other.url, tess.client.extraHeaders)
    const clients = [tess.client, there, otto.client, there]
    const all = await Promise.all(clients.map((who) => report(who, one.path)))
    expect(new Set(all.map(({ at }) => at)).size).toBe(1)
    expect(namesOf(all[0])).toEqual([['Ben', 'Cem']])

    // The last one of each student, whatever the former ones were.
    const { rows } = await database.query('SELECT "userId" FROM submission WHERE id = $1', [of('Cem')])
    const again = { id: newId('su'), userId: String(rows[0].userId), name: 'Cem', number: 2 }
    await add(one.id, again, { 'a.py': unrelated })
    const after = await report(tess.client, one.path)
    expect(after).toMatchObject({ compared: 2, pairCount: 0 })
    expect(after.at).not.toBe(all[0].at)
    // What all were given is nobody's.
    await made(tess.client, 'PUT', `${one.path}/files/starter/file?path=given.py`, original)
    expect(await report(tess.client, one.path)).toMatchObject({ shortCount: 1 })

    const kept = () => database.query('SELECT FROM assignment_similarity WHERE "assignmentId" = $1', [one.id])
    expect((await kept()).rowCount).toBe(1)
    await database.query('DELETE FROM "user" WHERE id = $1', [again.userId])
    expect((await kept()).rowCount).toBe(0)
    expect(await report(tess.client, one.path)).toMatchObject({ compared: 1 })
  })

  it('is computed by another server when the one that did is gone, and compares 200 while the server answers', async () => {
    const one = await newOne()
    const programs = Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => {
        const lines = Array.from({ length: 300 }, (__, line) => statement(at * 7919 + line * 104_729))
        return [`Student ${at}`, { 'main.py': at === 137 ? copied : at === 42 ? original : lines.join('\n') }]
      }),
    )
    await handedIn(one.id, programs)
    await database.query(
      `INSERT INTO assignment_similarity ("assignmentId", holder, "leaseUntil")
       VALUES ($1, 'gone', now() AT TIME ZONE 'UTC' - interval '1 second')`,
      [one.id],
    )
    const [found, me] = await Promise.all([
      report(tess.client, one.path),
      made(ann.client, 'GET', '/api/v1/me'),
    ])
    expect(me.user.id).toBe(ann.id)
    expect(found.compared).toBe(200)
    expect(namesOf(found)).toEqual([['Student 137', 'Student 42']])
  })

  it('is comments on lines, which students read when they are shown results', async () => {
    const one = await newOne({ grading: { feedback: 'never' } })
    const { sandbox } = await made(ann.client, 'POST', `${one.path}/start`)
    await made(ann.client, 'PUT', `/api/v1/sandboxes/${sandbox}/files?path=mean.py`, 'one\ntwo\nthree')
    await made(ann.client, 'PUT', `/api/v1/sandboxes/${sandbox}/files?path=bytes`, 'a\0b')
    const { id } = await made(ann.client, 'POST', `${one.path}/submissions`)
    await made(ann.client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
    const path = `/api/v1/submissions/${id}/comments`
    const say = (who: TestClient, line: number, text: string, file = 'mean.py') =>
      who.call('POST', path, { path: file, line, text })

    const second = (await say(otto.client, 3, 'and here?')).body
    const first = (await say(tess.client, 1, '为什么？')).body
    expect(first).toMatchObject({ line: 1, text: '为什么？', mayChange: true, changedAt: null })
    expect((await say(tess.client, 4, 'x')).body.detail).toContain('line: mean.py has 3 lines')
    expect((await say(tess.client, 1, 'x', 'bytes')).status).toBe(400)
    expect((await say(tess.client, 1, 'x', 'nothing')).status).toBe(404)
    expect((await say(tess.client, 1, '  ')).status).toBe(400)
    expect((await say(ann.client, 1, 'x')).status).toBe(403)
    expect((await say(mia.client, 1, 'x')).status).toBe(404)

    const list = async (who: TestClient) => (await made(who, 'GET', path)).items
    expect((await list(tess.client)).map((item: { id: string }) => item.id)).toEqual([first.id, second.id])
    expect(await list(ann.client)).toEqual([])
    await made(tess.client, 'PATCH', one.path, { grading: { feedback: 'always' } })
    expect(await list(ann.client)).toMatchObject([
      { text: '为什么？', by: null, mayChange: false },
      { text: 'and here?', by: null, mayChange: false },
    ])

    const change = (who: TestClient, comment: string, text: string) =>
      who.call('PATCH', `${path}/${comment}`, { text })
    expect((await change(otto.client, first.id, 'mine')).status).toBe(403)
    expect((await change(ann.client, first.id, 'mine')).status).toBe(403)
    expect((await change(mia.client, first.id, 'mine')).status).toBe(404)
    const changed = (await change(tess.client, first.id, 'why?')).body
    expect(changed).toMatchObject({ text: 'why?', changedAt: expect.any(String) })
    expect((await change(owner, second.id, 'and this?')).body.text).toBe('and this?')
    expect((await otto.client.call('DELETE', `${path}/${first.id}`)).status).toBe(403)
    expect((await tess.client.call('DELETE', `${path}/${first.id}`)).status).toBe(204)
    expect((await tess.client.call('DELETE', `${path}/${first.id}`)).status).toBe(404)
    const { items } = await made(owner, 'GET', `/api/v1/audit?target=${id}`)
    expect(items.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining([
        ...['submission.comment', 'submission.comment_change', 'submission.comment_delete'],
      ]),
    )

    // The last place is given once.
    await database.query(
      `INSERT INTO submission_comment (id, "tenantId", "submissionId", path, line, text, by)
       SELECT 'lc_' || at, $1, $2, 'mean.py', 1, 'x', 'x' FROM generate_series(1, 198) AS at`,
      [tenantId, id],
    )
    const both = await Promise.all([say(tess.client, 2, 'a'), say(otto.client, 2, 'b')])
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 422])
  })

  it('is points by a rubric: one level of each criterion, whose words and points stay with the grade', async () => {
    const rubric = [
      {
        ...{ id: 'names', title: 'Names' },
        levels: [
          { points: 0, text: 'none' },
          { points: 2.5, text: '清楚' },
        ],
      },
      { id: 'cases', title: 'Cases', levels: [{ points: 1, text: 'some' }] },
    ]
    const one = await newOne({ rubric })
    const give = (body: object) => tess.client.call('PUT', `${one.path}/grades/${ann.id}`, body)
    const names = { criterion: 'names', level: 1 }
    const cases = { criterion: 'cases', level: 0 }
    for (const [levels, why] of [
      [[names], 'choose one level of Cases'],
      [[names, names, cases], 'choose one level of Names'],
      [[names, { criterion: 'cases', level: 1 }], 'Cases has 1 levels'],
      [[names, cases, { criterion: 'style', level: 0 }], 'style is no criterion'],
    ] as const) {
      const refused = await give({ levels })
      expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining(why)])
    }
    expect((await give({ levels: [names, cases], points: 3 })).status).toBe(400)
    expect((await give({ comment: 'neither' })).status).toBe(400)
    const { body: given } = await give({ levels: [cases, names], comment: 'Good' })
    const chosen = [
      { criterion: 'names', title: 'Names', text: '清楚', level: 1, points: 2.5, maxPoints: 2.5 },
      { criterion: 'cases', title: 'Cases', text: 'some', level: 0, points: 1, maxPoints: 1 },
    ]
    expect(given).toMatchObject({ points: 3.5, maxPoints: 3.5, given: { points: 3.5, levels: chosen } })

    // A copy and an export have it; another rubric changes no grade.
    const copy = await made(tess.client, 'POST', `${one.path}/duplicate`, {})
    expect(copy.setup.rubric).toEqual(rubric)
    await made(tess.client, 'PATCH', one.path, { rubric: [], grading: { maxPoints: 10 } })
    const [own] = (await made(ann.client, 'GET', `${one.path}/grades`)).items
    expect(own).toMatchObject({ points: 3.5, given: { comment: 'Good', by: null, levels: chosen } })
    expect((await give({ levels: [names, cases] })).body.detail).toContain('has no rubric')
    expect((await give({ points: 9 })).body.given).toMatchObject({ points: 9, levels: null })
    const { items } = await made(tess.client, 'GET', `${one.path}/grades/${ann.id}`)
    expect(items).toMatchObject([{ levels: null }, { points: 3.5, levels: chosen }])
    const twice = [...rubric, ...rubric]
    expect((await tess.client.call('PATCH', one.path, { rubric: twice })).status).toBe(400)
  })

  it('is what docs/how-to/review-hand-ins.md shows', async () => {
    const one = await newOne()
    const of = await handedIn(one.id, { Ben: { 'mean.py': original }, Cem: { 'mean.py': copied } })
    const { key: apiKey } = await made(owner, 'POST', '/api/v1/keys', { name: 'how-to' })
    const cloche = new Cloche({ url: instance.url, apiKey })
    const page = await readFile('docs/how-to/review-hand-ins.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(3)
    const said: unknown[][] = []
    const console = { log: (...words: unknown[]) => said.push(words) }
    for (const block of blocks) {
      const names = ['cloche', 'assignmentId', 'submissionId', 'console']
      await new AsyncFunction(...names, block)(cloche, one.id, of('Ben'), console)
    }
    const text = said.flat().map(String).join(' ')
    expect(text).toMatch(/Ben|Cem/)
    expect(text).toContain('Clear names: Most say what they mean')
    expect(await cloche.submissions.comments(of('Ben'))).toHaveLength(1)
    const command = async (...words: string[]) => {
      const env = { ...process.env, CLOCHE_URL: instance.url, CLOCHE_API_KEY: apiKey }
      const all = ['dist/cli/index.js', 'assignment', 'similarity', one.id, ...words]
      return (await run(process.execPath, all, { env })).stdout
    }
    expect(await command()).toMatch(/^100 % +(Ben|Cem) +100 %/m)
    expect(await command(of('Ben'), of('Cem'))).toMatch(/^mean\.py:1-24 .*\n\| {5}1 {2}import sys$/m)
  })
})

/** One of many lines, decided by a number. */
function statement(number: number): string {
  const mixed = Math.imul(number ^ (number >>> 7), 0x45d9f3b) >>> 0
  const operators = ['+', '-', '*', '/', '%', '|', '&', '^', '<', '>', '[', '(', '.', ',', '=', ':']
  return Array.from({ length: 8 }, (_, at) => `x ${operators[(mixed >>> (at * 4)) & 15]}`).join(' ')
}
