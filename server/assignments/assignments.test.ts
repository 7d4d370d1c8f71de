import { gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import { dir, type Entry, file, tar } from '../../testing/images.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
const asTar = { 'content-type': 'application/x-tar' }
const bytesOf = (entries: readonly Entry[]) => new Uint8Array(tar(entries))

describe('assignments', { timeout: 120_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let tess: Awaited<ReturnType<typeof join>>
  let otto: Awaited<ReturnType<typeof join>>
  let ann: Awaited<ReturnType<typeof join>>
  let ben: Awaited<ReturnType<typeof join>>
  let other: AnotherServer
  let database: pg.Client
  let math = ''
  let annsPlace = ''

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
  const enrol = async (classPath: string, name: string) =>
    (await made(owner, 'POST', `${classPath}/students`, { name, email: `${name}@example.org` })).id
  const create = (body: object) =>
    tess.client.call('POST', `/api/v1/classes/${math}/assignments`, { title: 'Loops', limits, ...body })
  const newOne = async (body: object = {}) => {
    const { body: one, status } = await create(body)
    expect(status, JSON.stringify(one)).toBe(201)
    return { ...one, path: `/api/v1/assignments/${one.id}` }
  }
  const change = (path: string, body: object) => tess.client.call('PATCH', path, body)
  const put = (path: string, entries: readonly Entry[]) =>
    tess.client.call('PUT', path, bytesOf(entries), asTar)

  beforeAll(async () => {
    instance = await sharedInstance()
    other = await AnotherServer.start(instance)
    const socket = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${socket}` })
    await database.connect()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    tess = await join('tess', 'member')
    otto = await join('otto', 'member')
    ann = await join('ann', 'student')
    ben = await join('ben', 'student')
    const { id } = await made(owner, 'POST', '/api/v1/classes', { name: 'Math', timeZone: 'Europe/Berlin' })
    math = id
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${tess.id}`, { role: 'teacher' })
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${otto.id}`, { role: 'assistant' })
    annsPlace = await enrol(`/api/v1/classes/${math}`, 'ann')
    await enrol(`/api/v1/classes/${math}`, 'ben')
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('are written by teachers, looked at by assistants, and seen by students once they are published and open', async () => {
    const one = await newOne({
      ...{ text: '# Loops', opensAt: '2990-01-01T08:00', dueAt: '2990-01-08T23:59' },
      steps: [{ id: 'file', title: 'Make it', check: { command: 'test -f secret-of-the-check' } }],
      tests: [{ id: 'one', name: 'One', points: 3, command: 'true', expected: 'secret-of-a-test' }],
    })
    expect(one).toMatchObject({
      ...{ state: 'draft', position: 0, setup: { source: { template: 'base' } } },
      opensAt: { at: '2990-01-01T07:00:00.000Z', local: '2990-01-01T08:00', byClock: true },
    })
    await put(`${one.path}/files/hidden`, [file('tests/check.py', 'secret-of-a-file')])
    expect((await ann.client.call('GET', one.path)).status).toBe(404)
    expect((await otto.client.call('GET', one.path)).status).toBe(200)
    expect((await otto.client.call('PATCH', one.path, { title: 'x' })).status).toBe(403)
    const list = `/api/v1/classes/${math}/assignments`
    expect((await ann.client.call('GET', list)).body.items).toEqual([])

    await change(one.path, { published: true })
    const { body: before } = await ann.client.call('GET', one.path)
    expect(before).toMatchObject({ state: 'scheduled', title: 'Loops', text: null, steps: [], setup: null })
    expect(before.dueAt.local).toBe('2990-01-08T23:59')

    await change(one.path, { opensAt: '2020-01-01T08:00' })
    const { body: open } = await ann.client.call('GET', one.path)
    expect(open).toMatchObject({ state: 'open', text: '# Loops', setup: null })
    expect(open.steps).toEqual([{ id: 'file', title: 'Make it', checked: true, check: null }])
    for (const path of [list, one.path]) {
      expect(JSON.stringify((await ann.client.call('GET', path)).body)).not.toContain('secret-of')
    }
    for (const kind of ['starter', 'hidden']) {
      expect((await ann.client.call('GET', `${one.path}/files/${kind}`)).status).toBe(403)
      expect((await otto.client.call('GET', `${one.path}/files/${kind}/archive`)).status).toBe(200)
      expect((await otto.client.call('PUT', `${one.path}/files/${kind}`, 'x', asTar)).status).toBe(403)
    }
    expect((await tess.client.call('DELETE', one.path)).status).toBe(204)
    expect((await tess.client.call('GET', one.path)).status).toBe(404)
  })

  it('give one student more time, who sees their own due time', async () => {
    const one = await newOne({
      ...{ published: true, dueAt: '2020-03-01T12:00' },
      late: { until: '2020-03-02T12:00', percentPerDay: 10 },
    })
    expect((await ann.client.call('GET', one.path)).body.state).toBe('closed')
    const path = `${one.path}/extensions/${annsPlace}`
    expect((await tess.client.call('PUT', path, { dueAt: '2020-02-01T12:00' })).status).toBe(400)
    await made(tess.client, 'PUT', path, { dueAt: '2990-03-01T12:00' })
    expect((await ann.client.call('GET', one.path)).body).toMatchObject({
      ...{ state: 'open', extended: true, dueAt: { local: '2990-03-01T12:00' } },
      late: { until: { local: '2990-03-01T12:00' } },
    })
    expect((await ben.client.call('GET', one.path)).body).toMatchObject({ state: 'closed', extended: false })
    expect((await otto.client.call('GET', `${one.path}/extensions`)).body.items).toMatchObject([
      { student: annsPlace, name: 'ann' },
    ])
    expect((await tess.client.call('DELETE', path)).status).toBe(204)
    expect((await ann.client.call('GET', one.path)).body.state).toBe('closed')
  })

  it('keep the wall clock of what was given by the clocks of the class, through changes of clocks and zone', async () => {
    // Clocks in Berlin are put forward at 02:00 on 29 March 2026, and back at 03:00 on 25 October.
    const gap = await newOne({ opensAt: '2026-03-29T02:30', dueAt: '2026-03-29T02:45' })
    expect([gap.opensAt.at, gap.dueAt.at]).toEqual(['2026-03-29T01:30:00.000Z', '2026-03-29T01:45:00.000Z'])
    expect(gap.dueAt).toMatchObject({ local: '2026-03-29T03:45', byClock: true })
    const twice = await newOne({ opensAt: '2026-10-25T02:30', dueAt: '2026-10-25T02:30' })
    // It opens the first time and is due the second time.
    expect([twice.opensAt.at, twice.dueAt.at]).toEqual([
      ...['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'],
    ])
    await tess.client.call('DELETE', twice.path)
    const mixed = await newOne({ opensAt: '2026-12-01T08:00:00+01:00', dueAt: '2026-12-01T23:59' })
    await made(tess.client, 'PUT', `${mixed.path}/extensions/${annsPlace}`, { dueAt: '2026-12-03T23:59' })
    await made(owner, 'PATCH', `/api/v1/classes/${math}`, { timeZone: 'America/New_York' })
    const { body: moved } = await tess.client.call('GET', mixed.path)
    expect(moved.opensAt).toEqual({
      ...{ at: '2026-12-01T07:00:00.000Z', local: '2026-12-01T02:00', byClock: false },
    })
    expect(moved.dueAt).toMatchObject({ at: '2026-12-02T04:59:00.000Z', local: '2026-12-01T23:59' })
    const { body: more } = await tess.client.call('GET', `${mixed.path}/extensions`)
    expect(more.items[0].dueAt).toMatchObject({ at: '2026-12-04T04:59:00.000Z', local: '2026-12-03T23:59' })
    // 08:30 in Shanghai is before 08:00 in New York.
    const tight = await newOne({ opensAt: '2026-07-01T08:00:00-04:00', dueAt: '2026-07-01T08:30' })
    const east = await owner.call('PATCH', `/api/v1/classes/${math}`, { timeZone: 'Asia/Shanghai' })
    expect(east).toMatchObject({ status: 409 })
    expect((await owner.call('GET', `/api/v1/classes/${math}`)).body.timeZone).toBe('America/New_York')
    const nowhere = await owner.call('PATCH', `/api/v1/classes/${math}`, { timeZone: 'Mars/Olympus' })
    expect(nowhere).toMatchObject({ status: 400 })
    for (const { path } of [gap, mixed, tight]) await tess.client.call('DELETE', path)
    await made(owner, 'PATCH', `/api/v1/classes/${math}`, { timeZone: 'Europe/Berlin' })
  })

  it('refuse what makes no sense, and say where', async () => {
    const step = (at: number) => ({ id: `s${at}`, title: `Step ${at}` })
    const refusals: readonly [object, string][] = [
      [{ opensAt: '2026-05-02T10:00', dueAt: '2026-05-02T09:00' }, 'dueAt'],
      [{ dueAt: '2026-05-02T10:00', late: { until: '2026-05-01T10:00', percentPerDay: 5 } }, 'late.until'],
      [{ late: { until: null, percentPerDay: 5 } }, 'late'],
      [{ dueAt: '2026-02-30T10:00' }, 'dueAt'],
      [{ dueAt: '2026-05-02T25:00' }, 'dueAt'],
      [{ dueAt: '0001-05-02T10:00' }, 'dueAt'],
      [{ steps: Array.from({ length: 51 }, (_, at) => step(at)) }, 'steps'],
      [{ steps: [step(1), step(1)] }, 'steps'],
      [{ text: 'é'.repeat(150 * 1024) }, 'text'],
      [{ readOnly: ['../etc/passwd'] }, 'readOnly'],
      [{ readOnly: ['/etc/passwd'] }, 'readOnly'],
    ]
    for (const [body, where] of refusals) {
      const answer = await create(body)
      expect(answer.status, JSON.stringify(body).slice(0, 100)).toBe(400)
      expect(JSON.stringify(answer.body)).toContain(where)
    }
    expect((await create({ text: 'x'.repeat(300 * 1024) })).status).toBe(400)
    expect((await create({ source: { template: 'nowhere' } })).status).toBe(422)
    expect((await create({ source: { snapshot: 'sn_00000000000000000000' } })).status).toBe(404)
    const box = await made(ann.client, 'POST', '/api/v1/sandboxes', { name: 'hers', limits, network: 'none' })
    const { id: snapshot } = await made(ann.client, 'POST', `/api/v1/sandboxes/${box.id}/snapshots`, {})
    const hers = await create({ source: { snapshot } })
    expect(hers).toMatchObject({ status: 409 })
    expect(hers.body.detail).toContain('work of a student')
    await made(ann.client, 'DELETE', `/api/v1/snapshots/${snapshot}`)
    await made(ann.client, 'DELETE', `/api/v1/sandboxes/${box.id}`)
  })

  it('take files as an archive, exactly, and refuse what is none', async () => {
    const one = await newOne()
    const path = `${one.path}/files/starter`
    const entries = [
      dir('src'),
      file('src/main.py', 'print(1)\n'),
      file('run.sh', '#!/bin/sh\n', { mode: 0o755 }),
    ]
    const zipped = await tess.client.call('PUT', path, new Uint8Array(gzipSync(tar(entries))), asTar)
    expect(zipped.body.items).toEqual([
      { path: 'run.sh', sizeBytes: 10, executable: true },
      { path: 'src/main.py', sizeBytes: 9, executable: false },
    ])
    await tess.client.call('PUT', `${path}/file?path=src/more.txt`, 'more', asTar)
    expect((await tess.client.call('PUT', `${path}/file?path=src`, 'x', asTar)).status).toBe(400)
    expect((await tess.client.call('DELETE', `${path}/file?path=run.sh`)).status).toBe(204)
    expect((await tess.client.call('DELETE', `${path}/file?path=run.sh`)).status).toBe(404)
    expect((await tess.client.call('GET', one.path)).body.starter).toMatchObject({ files: 2, bytes: 13 })

    const big = Buffer.alloc(9 * 1024 ** 2)
    const many = Array.from({ length: 2001 }, (_, at) => file(`f${at}`))
    const refusals: readonly [Uint8Array<ArrayBuffer> | string, number, string][] = [
      [bytesOf([file('../out', 'x')]), 400, 'leads out'],
      [bytesOf([file('/etc/passwd', 'x')]), 400, 'leads out'],
      [bytesOf([{ name: 'link', flag: '2', target: '/etc/passwd' }]), 400, 'symbolic link'],
      [bytesOf([file('a'), { name: 'hard', flag: '1', target: 'a' }]), 400, 'hard link'],
      [bytesOf([{ name: 'null', flag: '3' }]), 400, 'character device'],
      [bytesOf([{ name: 'pipe', flag: '6' }]), 400, 'pipe'],
      [bytesOf([file('a'), file('a/b')]), 400, 'directory'],
      [bytesOf([file('new\nline')]), 400, 'control'],
      [bytesOf(many), 413, '2000 files'],
      [bytesOf([file('a', big), file('b', big)]), 413, '16 MiB'],
      [new Uint8Array(gzipSync(Buffer.alloc(200 * 1024 ** 2))), 413, 'MiB'],
      [new Uint8Array(gzipSync(tar([file('a', big)])).subarray(0, 900)), 400, 'archive'],
      ['PK\u0003\u0004', 400, 'archive'],
      ['', 400, 'archive'],
    ]
    for (const [body, status, words] of refusals) {
      const answer = await tess.client.call('PUT', path, body, asTar)
      expect([answer.status, answer.body.detail], words).toEqual([status, expect.stringContaining(words)])
    }
    // What was refused has changed nothing.
    const left = await tess.client.call('GET', path)
    expect(left.body.items.map((one: { path: string }) => one.path)).toEqual(['src/main.py', 'src/more.txt'])
    const content = await fetch(`${instance.url}${path}/file?path=src/main.py`, {
      headers: tess.client.extraHeaders,
    })
    expect(await content.text()).toBe('print(1)\n')
    expect((await put(path, [])).body.items).toEqual([])
  })

  it('are put in order, copied, also into another class, and moved while nobody has begun', async () => {
    const list = async () => (await tess.client.call('GET', `/api/v1/classes/${math}/assignments`)).body.items
    const tests = [{ id: 't', name: 'T', points: 1, command: 'x' }]
    const one = await newOne({ title: 'One', dueAt: '2030-07-01T12:00', tests })
    await put(`${one.path}/files/hidden`, [file('tests/t.py', 'hidden')])
    await made(tess.client, 'PUT', `${one.path}/extensions/${annsPlace}`, { dueAt: '2030-07-02T12:00' })
    const ids = (await list()).map(({ id }: { id: string }) => id)
    const order = `/api/v1/classes/${math}/assignments/order`
    await made(tess.client, 'PUT', order, { assignments: ids.toReversed() })
    expect((await list()).map(({ id }: { id: string }) => id)).toEqual(ids.toReversed())
    for (const wrong of [ids.slice(1), [...ids.slice(1), ids[1]], [...ids, one.id]]) {
      expect((await tess.client.call('PUT', order, { assignments: wrong })).status).toBe(409)
    }
    expect((await otto.client.call('PUT', order, { assignments: ids })).status).toBe(403)

    const zone = { name: 'Art', timeZone: 'Asia/Shanghai' }
    const { id: art } = await made(owner, 'POST', '/api/v1/classes', zone)
    const into = { class: art, title: 'Copy' }
    expect((await tess.client.call('POST', `${one.path}/duplicate`, into)).status).toBe(404)
    await made(owner, 'PUT', `/api/v1/classes/${art}/staff/${tess.id}`, { role: 'teacher' })
    const copy = await made(tess.client, 'POST', `${one.path}/duplicate`, into)
    expect(copy).toMatchObject({
      ...{ title: 'Copy', class: art, published: false, dueAt: { at: '2030-07-01T04:00:00.000Z' } },
      setup: { tests: [{ id: 't' }], hidden: { files: 1, bytes: 6 } },
    })
    expect(copy.dueAt.local).toBe('2030-07-01T12:00')
    // What becomes of the copy is nothing to the first.
    const copied = `/api/v1/assignments/${copy.id}/files/hidden/file?path=tests/t.py`
    await made(tess.client, 'DELETE', copied)
    expect((await tess.client.call('GET', one.path)).body.setup.hidden.files).toBe(1)

    const moved = await made(tess.client, 'POST', `${one.path}/move`, { class: art })
    expect(moved).toMatchObject({ class: art, position: 1, dueAt: { local: '2030-07-01T12:00' } })
    expect((await tess.client.call('GET', `${one.path}/extensions`)).body.items).toEqual([])
    expect((await list()).map(({ id }: { id: string }) => id)).not.toContain(one.id)

    const content = JSON.stringify({ tests: [{ name: 'T', run: 'true', points: 2 }, { name: 'Bad' }] })
    const path = `${one.path}/tests/import`
    const preview = await made(tess.client, 'POST', path, {
      file: 'autograding.json',
      content,
      preview: true,
    })
    expect(preview).toMatchObject({ tests: [{ id: 't' }], problems: [{ where: 'Bad' }] })
    expect((await tess.client.call('GET', one.path)).body.setup.tests).toHaveLength(1)
    await made(tess.client, 'POST', path, { file: 'autograding.json', content })
    expect((await tess.client.call('GET', one.path)).body.setup.tests).toMatchObject([
      ...[
        { id: 't', command: 'x' },
        { id: 't-2', command: 'true', points: 2 },
      ],
    ])
    await made(owner, 'DELETE', `/api/v1/classes/${art}`)
  })

  it('are exported as one archive and imported again exactly, as a preview says', async () => {
    const classOf = async (name: string) => {
      const { id } = await made(owner, 'POST', '/api/v1/classes', { name, timeZone: 'Europe/Berlin' })
      await made(owner, 'PUT', `/api/v1/classes/${id}/staff/${tess.id}`, { role: 'teacher' })
      return `/api/v1/classes/${id}`
    }
    const [from, to] = [await classOf('Course'), await classOf('Course')]
    const bodies = [
      {
        ...{ title: 'Schleifen — 循环', text: 'ü\r\n# no end', published: true, opensAt: '2030-10-27T02:30' },
        ...{ dueAt: '2030-11-01T23:59:00+01:00', late: { until: '2030-11-05T12:00', percentPerDay: 2.5 } },
        ...{ readOnly: ['lib'], limits, network: { allow: ['pypi.org'] } },
        steps: [{ id: 'a', title: 'A', check: { command: 'true', timeoutSeconds: 3 } }],
        tests: [{ id: 't', name: 'T', points: 0.5, command: 'x', input: '\n', expected: ' ' }],
      },
      { title: 'Empty' },
    ]
    for (const body of bodies) {
      const { id } = await made(tess.client, 'POST', `${from}/assignments`, body)
      await put(`/api/v1/assignments/${id}/files/starter`, [
        file('lib/a', 'a\0b'),
        file(`long/${'x'.repeat(200)}`),
      ])
      await put(`/api/v1/assignments/${id}/files/hidden`, [file('run.sh', '#!', { mode: 0o755 })])
    }
    const pack = async (path: string) => {
      const headers = otto.client.extraHeaders
      expect((await fetch(`${instance.url}${path}/course.tar`, { headers })).status).toBe(404)
      const answer = await fetch(`${instance.url}${path}/course.tar`, { headers: tess.client.extraHeaders })
      expect(answer.status).toBe(200)
      return new Uint8Array(await answer.arrayBuffer())
    }
    const course = await pack(from)
    const send = (path: string, archive: Uint8Array<ArrayBuffer>) =>
      tess.client.call('POST', path, archive, asTar)
    // Into the class that it comes from it changes nothing.
    expect((await send(`${from}/course/preview`, course)).body).toMatchObject({
      unchanged: 2,
      added: [],
      ignored: [],
    })
    const { body: preview } = await send(`${to}/course/preview`, course)
    expect(preview).toMatchObject({ added: [{ title: 'Schleifen — 循环' }, { title: 'Empty' }], changed: [] })
    expect((await send(`${to}/course?digest=${'0'.repeat(64)}`, course)).status).toBe(409)
    expect((await tess.client.call('GET', `${to}/assignments`)).body.items).toEqual([])
    const apply = `${to}/course?digest=${preview.digest}`
    // Twice at once it is done once.
    const both = await Promise.all([send(apply, course), send(apply, course)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expect(Buffer.compare(Buffer.from(await pack(to)), Buffer.from(course))).toBe(0)

    // What was changed since is brought back, and nothing else.
    const { items } = (await tess.client.call('GET', `${to}/assignments`)).body
    const [first] = items
    await change(`/api/v1/assignments/${first.id}`, { title: 'Other', dueAt: '2030-11-02T00:00' })
    await put(`/api/v1/assignments/${first.id}/files/starter`, [file('lib/a', 'changed')])
    const { body: back } = await send(`${to}/course/preview`, course)
    expect(back).toMatchObject({
      ...{ added: [], unchanged: 1, changed: [{ fields: ['title', 'dueAt', 'starter'] }] },
    })
    expect((await send(`${to}/course?digest=${back.digest}`, course)).status).toBe(200)
    expect(Buffer.compare(Buffer.from(await pack(to)), Buffer.from(course))).toBe(0)

    const bad = async (entries: readonly Entry[], words: string) => {
      const answer = await send(`${to}/course/preview`, bytesOf(entries))
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(words)])
    }
    const index = file('course.yaml', 'format: 1\nassignments: [a]\n')
    await bad([file('a')], 'no course.yaml')
    await bad([file('course.yaml', 'format: 2\nassignments: []')], 'format')
    await bad([file('course.yaml', 'format: 1\nassignments: [../a]')], 'folder')
    await bad([file('course.yaml', 'x: [')], 'course.yaml')
    await bad([index], 'a/assignment.json')
    await bad([index, file('a/assignment.json', '{')], 'a/assignment.json is not JSON')
    await bad([index, file('a/assignment.json', '{"title":"A","x":1}')], 'a/assignment.json')
    const upside = '{"title":"A","opensAt":"2030-01-02T00:00","dueAt":"2030-01-01T00:00"}'
    const turned = bytesOf([index, file('a/assignment.json', upside), file('b/what')])
    const { body: seen } = await send(`${to}/course/preview`, turned)
    expect(seen).toMatchObject({ added: [{ folder: 'a' }], ignored: ['b/what'] })
    const refused = await send(`${to}/course?digest=${seen.digest}`, turned)
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining('a: dueAt')])
    for (const path of [from, to]) await made(owner, 'DELETE', path)
  })

  it("are begun once, by two servers and two browsers at once, with the starter files of the student's own", async () => {
    const one = await newOne({
      ...{ published: true, readOnly: ['lib'], network: 'none' },
      steps: [
        { id: 'file', title: 'Make it', check: { command: 'test -f done && grep -q original lib/a.py' } },
        { id: 'slow', title: 'Too slow', check: { command: 'sleep 30', timeoutSeconds: 1 } },
        { id: 'read', title: 'Read it' },
      ],
    })
    await put(`${one.path}/files/starter`, [
      ...[file('lib/a.py', 'original'), file('run.sh', '#!/bin/sh', { mode: 0o755 })],
    ])
    await put(`${one.path}/files/hidden`, [file('secret.py', 'secret')])
    expect((await tess.client.call('POST', `${one.path}/start`)).status).toBe(403)
    const here = ann.client
    const there = new TestClient(other.url, here.extraHeaders)
    expect((await here.call('POST', `${one.path}/check`)).status).toBe(409)
    const answers = await Promise.all(
      [here, there, here, there].map((who) => who.call('POST', `${one.path}/start`)),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const [box] = [...new Set(answers.map(({ body }) => body.sandbox))]
    expect(answers.map(({ body }) => body.sandbox)).toEqual([box, box, box, box])
    const { body: shown } = await here.call('GET', `/api/v1/sandboxes/${box}`)
    expect(shown).toMatchObject({ name: 'Loops', ownerId: ann.id, assignment: one.id, network: 'none' })
    expect((await here.call('GET', '/api/v1/sandboxes')).body.items).toHaveLength(1)
    expect((await ben.client.call('GET', `/api/v1/sandboxes/${box}`)).status).toBe(404)
    const sh = async (command: string) => {
      const { body } = await here.call('POST', `/api/v1/sandboxes/${box}/exec`, { command })
      return body.stdout
    }
    expect(await sh('cat lib/a.py; stat -c "%a %U" lib/a.py run.sh; ls -R ~ | grep -c secret')).toBe(
      'original444 user\n755 user\n0\n',
    )

    // Steps tick in the sandbox; read-only files are put back before.
    await sh('touch done; rm -f lib/a.py; echo changed > lib/a.py')
    const checks = await Promise.all([here, there].map((who) => who.call('POST', `${one.path}/check`)))
    for (const { body } of checks) {
      expect(body).toMatchObject({ state: 'started', passed: 1 })
      expect(body.progress.map(({ passed }: { passed: boolean | null }) => passed)).toEqual([
        true,
        false,
        null,
      ])
    }
    expect(await sh('cat lib/a.py')).toBe('original')
    expect((await here.call('GET', one.path)).body.work).toMatchObject({ sandbox: box, passed: 1 })
    const { body: all } = await otto.client.call('GET', `${one.path}/work?limit=1`)
    expect(all).toMatchObject({ items: [{ name: 'ann', state: 'started', sandbox: box, passed: 1 }] })
    const { body: rest } = await otto.client.call('GET', `${one.path}/work?cursor=${all.nextCursor}`)
    expect(rest).toMatchObject({ items: [{ name: 'ben', state: 'not_started', sandbox: null }] })
    expect((await here.call('GET', `${one.path}/work`)).status).toBe(403)

    const { id: elsewhere } = await made(owner, 'POST', '/api/v1/classes', { name: 'Other' })
    expect((await owner.call('POST', `${one.path}/move`, { class: elsewhere })).status).toBe(409)
    // One that was deleted is made anew; what is taken of its name is no mistake of the student.
    await made(here, 'DELETE', `/api/v1/sandboxes/${box}`)
    expect((await here.call('GET', one.path)).body.work.sandbox).toBeNull()
    const taken = await made(here, 'POST', '/api/v1/sandboxes', { name: 'Loops', limits, network: 'none' })
    const again = await made(there, 'POST', `${one.path}/start`)
    expect(again.sandbox).not.toBe(box)
    await change(one.path, { dueAt: '2020-01-01T00:00' })
    expect((await here.call('POST', `${one.path}/start`)).body.sandbox).toBe(again.sandbox)
    const late = await ben.client.call('POST', `${one.path}/start`)
    expect(late).toMatchObject({ status: 409 })
    expect(late.body.detail).toContain('2020-01-01 00:00 (Europe/Berlin)')
    await change(one.path, { opensAt: '2990-01-01T00:00', dueAt: null })
    expect((await ben.client.call('POST', `${one.path}/start`)).body.detail).toContain('opens at 2990-01-01')
    // The assignment goes, the sandbox stays.
    await made(tess.client, 'DELETE', one.path)
    expect((await here.call('GET', `/api/v1/sandboxes/${again.sandbox}`)).body.assignment).toBeNull()
    for (const id of [again.sandbox, taken.id]) await made(here, 'DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('begin with a snapshot of the tenant, which students cannot find themselves', async () => {
    const box = await made(owner, 'POST', '/api/v1/sandboxes', { name: 'model', limits, network: 'none' })
    await made(owner, 'PUT', `/api/v1/sandboxes/${box.id}/files?path=given.txt`, 'given')
    const { id: snapshot } = await made(owner, 'POST', `/api/v1/sandboxes/${box.id}/snapshots`, {})
    const one = await newOne({ published: true, source: { snapshot }, limits: null, network: 'none' })
    expect((await ann.client.call('GET', `/api/v1/snapshots/${snapshot}`)).status).toBe(404)
    const { sandbox } = await made(ann.client, 'POST', `${one.path}/start`)
    const { body } = await ann.client.call('POST', `/api/v1/sandboxes/${sandbox}/exec`, {
      command: 'cat given.txt',
    })
    expect(body.stdout).toBe('given')
    const mine = (await ann.client.call('GET', '/api/v1/work')).body.items
    expect(mine.find(({ assignment }: { assignment: string }) => assignment === one.id)).toMatchObject({
      ...{ title: 'Loops', class: { id: math, name: 'Math' }, state: 'open', work: { sandbox } },
    })
    await made(owner, 'DELETE', `/api/v1/snapshots/${snapshot}`)
    const gone = await ben.client.call('POST', `${one.path}/start`)
    expect(gone.body.detail).toContain('snapshot that this assignment begins with is gone')
    await made(ann.client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
    await made(owner, 'DELETE', `/api/v1/sandboxes/${box.id}`)
  })

  it('go on where a server was that died while it began them', async () => {
    const one = await newOne({ published: true, network: 'none' })
    await put(`${one.path}/files/starter`, [file('a.txt', 'a')])
    const { sandbox } = await made(ben.client, 'POST', `${one.path}/start`)
    // As it is when the server dies between making the sandbox and writing its files.
    const died = (until: string) =>
      database.query(
        `UPDATE assignment_work SET ready = false, "startHolder" = 'tr_dead', "startUntil" = now() AT TIME ZONE 'UTC' + $1::INTERVAL
         WHERE "sandboxId" = $2`,
        [until, sandbox],
      )
    await ben.client.call('DELETE', `/api/v1/sandboxes/${sandbox}/files?path=a.txt`)
    await died('2 seconds')
    expect((await ben.client.call('GET', one.path)).body.work).toMatchObject({ sandbox: null })
    expect((await made(ben.client, 'POST', `${one.path}/start`)).sandbox).toBe(sandbox)
    const exec = { command: 'cat a.txt' }
    expect((await ben.client.call('POST', `/api/v1/sandboxes/${sandbox}/exec`, exec)).body.stdout).toBe('a')
    await made(ben.client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
  })
})
