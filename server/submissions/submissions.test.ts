import { createHash } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTar } from '../../common/tar/read.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 128, pids: 64 }

describe('submissions', { timeout: 120_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let tess: Awaited<ReturnType<typeof join>>
  let otto: Awaited<ReturnType<typeof join>>
  let ann: Awaited<ReturnType<typeof join>>
  let ben: Awaited<ReturnType<typeof join>>
  let other: AnotherServer
  let database: pg.Client
  let math = ''
  const places: Record<string, string> = {}

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
    const wanted = { title: 'Loops', limits, published: true, network: 'none', ...body }
    const one = await made(tess.client, 'POST', `/api/v1/classes/${math}/assignments`, wanted)
    return { ...one, path: `/api/v1/assignments/${one.id}` }
  }
  /** An assignment that a student has begun, and a shell in it. */
  const begun = async (who: TestClient, body: object = {}) => {
    const one = await newOne(body)
    return { ...one, ...(await start(who, one.path)) }
  }
  const start = async (who: TestClient, path: string) => {
    const { sandbox } = await made(who, 'POST', `${path}/start`)
    const sh = async (command: string) => {
      const { body } = await who.call('POST', `/api/v1/sandboxes/${sandbox}/exec`, { command })
      expect(body.exitCode, JSON.stringify(body)).toBe(0)
      return body.stdout
    }
    return { sandbox, sh, end: () => made(who, 'DELETE', `/api/v1/sandboxes/${sandbox}`) }
  }
  const submit = (who: TestClient, path: string, headers = {}) =>
    who.call('POST', `${path}/submissions`, undefined, headers)
  const handIn = (who: TestClient, path: string) => made(who, 'POST', `${path}/submissions`)
  const filesOf = async (who: TestClient, id: string) =>
    (await made(who, 'GET', `/api/v1/submissions/${id}/files`)).items
  const there = (who: TestClient) => new TestClient(other.url, who.extraHeaders)

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
    math = (await made(owner, 'POST', '/api/v1/classes', { name: 'Math', timeZone: 'Europe/Berlin' })).id
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${tess.id}`, { role: 'teacher' })
    await made(owner, 'PUT', `/api/v1/classes/${math}/staff/${otto.id}`, { role: 'assistant' })
    for (const name of ['ann', 'ben']) {
      const pupil = { name, email: `${name}@example.org` }
      places[name] = (await made(owner, 'POST', `/api/v1/classes/${math}/students`, pupil)).id
    }
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('are the home directory as it was, with links as links, and say what is left out', async () => {
    const one = await begun(ann.client)
    await one.sh(`mkdir -p src node_modules/x .git/objects .ssh deep/node_modules
      echo 'print(1)' > src/main.py; echo '#!/bin/sh' > run.sh; chmod +x run.sh; printf 'a\\0b' > bytes
      echo x > node_modules/x/a; echo x > .git/objects/a; echo secret > .ssh/id_rsa; echo x > deep/node_modules/b
      ln -s /etc/passwd link; ln -s nowhere dangling; ln src/main.py same.py; mkfifo pipe
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2>/dev/null || mkfifo socket
      touch "$(printf 'caf\\351')"; mkdir empty`)
    const { status, body: first } = await submit(ann.client, one.path)
    expect(status).toBe(201)
    expect(first).toMatchObject({
      ...{ assignment: one.id, class: math, number: 1, fileCount: 6, late: null, counts: true },
      student: { userId: ann.id, name: 'ann', id: places.ann },
    })
    const files = await filesOf(ann.client, first.id)
    expect(
      files.map(({ path, type, executable, target }: Record<string, unknown>) => [
        path,
        type,
        executable,
        target,
      ]),
    ).toEqual([
      ['bytes', 'file', false, null],
      ['dangling', 'symlink', false, 'nowhere'],
      ['link', 'symlink', false, '/etc/passwd'],
      ['run.sh', 'file', true, null],
      ['same.py', 'file', false, null],
      ['src/main.py', 'file', false, null],
    ])
    const whole = await made(ann.client, 'GET', `/api/v1/submissions/${first.id}`)
    expect(whole.leftOutCount).toBe(10)
    expect(whole.leftOut).toEqual(
      expect.arrayContaining([
        { path: '.git', why: 'excluded' },
        { path: '.ssh', why: 'excluded' },
        { path: 'deep/node_modules', why: 'excluded' },
        { path: 'pipe', why: 'special' },
        { path: 'socket', why: 'special' },
        { path: 'caf�', why: 'name' },
      ]),
    )
    // Anybody can make the digest again of the files.
    const mode = (file: { executable: boolean; target: string | null }) =>
      file.target !== null ? '120000' : file.executable ? '100755' : '100644'
    const listing = files.map(
      (file: { path: string; digest: string; executable: boolean; target: string | null }) =>
        `${mode(file)} ${file.digest} ${JSON.stringify(file.path)}\n`,
    )
    expect(createHash('sha256').update(listing.join('')).digest('hex')).toBe(first.digest)
    const content = createHash('sha256').update('a\0b').digest('hex')
    expect(files[0].digest).toBe(content)

    // It stays as it was, and goes neither with the sandbox nor with the place in the class.
    await one.sh('echo changed > src/main.py')
    await one.end()
    const read = (who: TestClient, path: string) =>
      fetch(`${instance.url}/api/v1/submissions/${first.id}/${path}`, { headers: who.extraHeaders })
    expect(await (await read(ann.client, 'file?path=src/main.py')).text()).toBe('print(1)\n')
    expect((await read(ann.client, 'file?path=link')).status).toBe(400)
    expect((await read(ann.client, 'file?path=nothing')).status).toBe(404)
    const archive = await read(otto.client, 'archive')
    const names: string[] = []
    for await (const { name, type, target } of readTar(chunks(await archive.arrayBuffer()))) {
      names.push(`${type} ${name} ${target}`)
    }
    expect(names).toEqual([
      ...['file bytes ', 'symlink dangling nowhere', 'symlink link /etc/passwd', 'file run.sh '],
      ...['file same.py ', 'file src/main.py '],
    ])
    await made(owner, 'DELETE', `/api/v1/classes/${math}/students/${places.ann}`)
    expect((await read(ann.client, 'receipt')).status).toBe(200)
    const { items } = await made(otto.client, 'GET', `${one.path}/submissions?user=${ann.id}`)
    expect(items).toMatchObject([{ id: first.id, student: { name: 'ann', id: null } }])
    const pupil = { name: 'ann', email: 'ann@example.org' }
    places.ann = (await made(owner, 'POST', `/api/v1/classes/${math}/students`, pupil)).id
    expect(
      (await made(otto.client, 'GET', `${one.path}/submissions?student=${places.ann}`)).items,
    ).toHaveLength(1)
  })

  it("are nobody else's: classmates find none, and other teachers neither", async () => {
    const one = await begun(ann.client)
    await one.sh('echo mine > a.txt')
    const { id } = await handIn(ann.client, one.path)
    for (const path of ['', '/receipt', '/files', '/file?path=a.txt', '/archive', '/diff']) {
      const refused = await ben.client.call('GET', `/api/v1/submissions/${id}${path}`)
      expect([path, refused.status]).toEqual([path, 404])
    }
    expect((await ben.client.call('GET', `${one.path}/submissions?user=${ann.id}`)).body.items).toEqual([])
    expect(
      (await ben.client.call('GET', `${one.path}/submissions?student=${places.ann}`)).body.items,
    ).toEqual([])
    const mia = await join('mia', 'member')
    expect((await mia.client.call('GET', `/api/v1/submissions/${id}`)).status).toBe(404)
    expect((await submit(tess.client, one.path)).status).toBe(403)
    // Receipts are worth what is in them.
    const receipt = await made(ann.client, 'GET', `/api/v1/submissions/${id}/receipt`)
    const check = (body: object) => made(otto.client, 'POST', '/api/v1/receipts/check', body)
    expect(await check(receipt)).toEqual({ valid: true, stored: true })
    expect(await check({ ...receipt, at: '2020-01-01T00:00:00.000Z' })).toEqual({
      valid: false,
      stored: false,
    })
    await one.end()
  })

  it('are refused when there is nothing, before it opens, after it is over, and in an archived class', async () => {
    const one = await newOne()
    expect((await submit(ann.client, one.path)).body.detail).toContain('start this assignment')
    const { sandbox, sh, end } = await start(ann.client, one.path)
    await sh('mkdir -p .git; echo x > .git/config; echo x > .bash_history; mkdir only')
    const nothing = await submit(ann.client, one.path)
    expect(nothing).toMatchObject({ status: 409 })
    expect(nothing.body.detail).toContain('nothing to hand in')
    await sh('echo x > a')
    const change = (body: object) => made(tess.client, 'PATCH', one.path, body)
    await change({ dueAt: '2020-01-01T00:00' })
    expect((await submit(ann.client, one.path)).body.detail).toContain(
      'over since 2020-01-01 00:00 (Europe/Berlin)',
    )
    await change({ late: { until: '2020-01-02T00:00', percentPerDay: 10 } })
    expect((await submit(ann.client, one.path)).status).toBe(409)
    await change({ late: { until: null, percentPerDay: 10 } })
    const late = await handIn(ann.client, one.path)
    expect(late.late).toMatchObject({ percent: 100 })
    expect(late.counts).toBe(true)
    // Of who gets more time it is in time, as if it had always been so.
    await made(tess.client, 'PUT', `${one.path}/extensions/${places.ann}`, { dueAt: '2990-01-01T00:00' })
    expect((await made(ann.client, 'GET', `/api/v1/submissions/${late.id}`)).late).toBeNull()
    await change({ opensAt: '2990-01-01T00:00', dueAt: null, late: null })
    expect((await submit(ann.client, one.path)).body.detail).toContain('opens at 2990')
    await change({ opensAt: null })
    await made(owner, 'PATCH', `/api/v1/classes/${math}`, { archived: true })
    expect((await submit(ann.client, one.path)).body.detail).toContain('archived')
    await made(owner, 'PATCH', `/api/v1/classes/${math}`, { archived: false })
    // Of one that is paused or stopped as of one that runs.
    for (const act of ['pause', 'stop']) {
      await made(ann.client, 'POST', `/api/v1/sandboxes/${sandbox}/${act}`)
      expect((await handIn(ann.client, one.path)).fileCount).toBe(1)
    }
    await end()
  })

  it('have bounds that name the largest paths, and read nothing of 10 GB', async () => {
    const one = await begun(ann.client)
    await one.sh('mkdir data; truncate -s 10G data/huge.bin; echo small > small.txt')
    const huge = await submit(ann.client, one.path)
    expect(huge).toMatchObject({ status: 413 })
    expect(huge.body.detail).toContain('16 MiB')
    expect(huge.body.detail).toContain('data/huge.bin (10240.0 MiB)')
    await one.sh('rm data/huge.bin; for i in 1 2 3; do head -c 6000000 /dev/urandom > data/part$i; done')
    expect((await submit(ann.client, one.path)).body.detail).toContain('data/part')
    await one.sh('rm -r data; mkdir many; cd many; seq 2100 | xargs touch')
    const many = await submit(ann.client, one.path)
    expect(many).toMatchObject({ status: 413 })
    expect(many.body.detail).toContain('many (2100)')
    expect((await made(ann.client, 'GET', `${one.path}/submissions`)).items).toEqual([])
    // What is left out costs nothing of it.
    await one.sh('cd; mv many node_modules')
    expect((await handIn(ann.client, one.path)).fileCount).toBe(1)
    await one.end()
  })

  it('are numbered when they differ, one when they are the same, from two browsers and two servers', async () => {
    const one = await begun(ann.client, {
      dueAt: '2990-01-01T00:00',
      late: { until: null, percentPerDay: 5 },
    })
    await one.sh('echo 1 > a')
    const here = ann.client
    const both = await Promise.all([here, there(here), here, there(here)].map((who) => submit(who, one.path)))
    expect(both.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(new Set(both.map(({ body }) => body.id)).size).toBe(1)
    await one.sh('echo 2 > a')
    const key = { 'idempotency-key': 'second' }
    const [second, again] = [await submit(here, one.path, key), await submit(there(here), one.path, key)]
    expect([second.body.number, again.body.id]).toEqual([2, second.body.id])
    await one.sh('echo 1 > a')
    const third = await handIn(here, one.path)
    expect(third).toMatchObject({ number: 3, counts: true, digest: both[0]?.body.digest })
    // The last in time counts, not the last.
    await database.query(
      `UPDATE assignment SET "dueAt" = (SELECT at FROM submission WHERE id = $1), "dueLocal" = NULL WHERE id = $2`,
      [second.body.id, one.id],
    )
    const { items } = await made(otto.client, 'GET', `${one.path}/submissions`)
    expect(
      items.map((each: { number: number; counts: boolean; late: object | null }) => [
        each.number,
        each.counts,
        each.late,
      ]),
    ).toEqual([
      [3, false, { days: 1, percent: 5 }],
      [2, true, null],
      [1, false, null],
    ])
    const counting = await made(otto.client, 'GET', `${one.path}/submissions?counting=true`)
    expect(counting.items.map((each: { number: number }) => each.number)).toEqual([2])
    const page = await made(otto.client, 'GET', `${one.path}/submissions?limit=2`)
    const rest = await made(otto.client, 'GET', `${one.path}/submissions?limit=2&cursor=${page.nextCursor}`)
    expect([page.items.length, rest.items.length, rest.nextCursor]).toEqual([2, 1, null])
    await one.end()
  })

  it('are in time when they were asked for in time, however long they take to read', async () => {
    const one = await begun(ann.client)
    await one.sh('head -c 12000000 /dev/urandom > big')
    // Due while it is stored: the row that storing needs is held from outside.
    await database.query('BEGIN')
    await database.query('SELECT FROM assignment_work WHERE "assignmentId" = $1 FOR UPDATE', [one.id])
    const slow = submit(ann.client, one.path)
    const waits = async () => {
      const { rows } = await database.query(
        `SELECT count(*)::INTEGER AS count FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`,
      )
      return rows[0].count
    }
    await expect.poll(waits, { timeout: 20_000 }).toBe(1)
    const due = new Date().toISOString()
    await made(tess.client, 'PATCH', one.path, { dueAt: due })
    await database.query('COMMIT')
    const { status, body } = await slow
    expect([status, body.late]).toEqual([201, null])
    expect(body.at.at < due).toBe(true)
    expect((await submit(ann.client, one.path)).status).toBe(409)
    await one.end()
  })

  it('are there whole or not at all when the server is killed in the middle', async () => {
    const one = await begun(ann.client)
    await one.sh('head -c 3000000 /dev/urandom > big; echo x > small')
    await database.query('BEGIN')
    await database.query('SELECT FROM assignment_work WHERE "assignmentId" = $1 FOR UPDATE', [one.id])
    const key = { 'idempotency-key': 'cut' }
    const cut = submit(there(ann.client), one.path, key).catch(() => undefined)
    const waits = async () => {
      const { rows } = await database.query(
        `SELECT count(*)::INTEGER AS count FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`,
      )
      return rows[0].count
    }
    await expect.poll(waits, { timeout: 20_000 }).toBe(1)
    await other.end('SIGKILL')
    await cut
    await database.query('COMMIT')
    await other.restart()
    expect((await made(ann.client, 'GET', `${one.path}/submissions`)).items).toEqual([])
    const blobs = `SELECT count(*)::INTEGER AS count FROM submission_blob WHERE "sizeBytes" = 3000000`
    expect((await database.query(blobs)).rows[0].count).toBe(0)
    // Asked again with the same key it is done, once.
    const retry = async () => (await submit(ann.client, one.path, key)).status
    await expect.poll(retry, { timeout: 30_000, interval: 500 }).toBe(201)
    await submit(there(ann.client), one.path, key)
    const { items } = await made(ann.client, 'GET', `${one.path}/submissions`)
    expect(items).toMatchObject([{ number: 1, fileCount: 2, bytes: 3_000_002 }])
    await one.end()
  })

  it('are compared with the starter files and with one another', async () => {
    const one = await newOne()
    const starter = (path: string, content: string) =>
      tess.client.call('PUT', `${one.path}/files/starter/file?path=${path}`, content, {
        'content-type': 'application/octet-stream',
      })
    for (const [path, content] of [
      ['a.py', 'one\ntwo\n'],
      ['same', 'same'],
      ['gone', 'gone\n'],
      ['.bashrc', 'given'],
    ]) {
      await starter(path ?? '', content ?? '')
    }
    const { sh, end } = await start(ann.client, one.path)
    await sh('printf "one\\n2\\n" > a.py; rm gone; echo new > new; printf "\\0" > binary; seq 100000 > long')
    const first = await handIn(ann.client, one.path)
    const diff = (id: string, query = '') => made(ann.client, 'GET', `/api/v1/submissions/${id}/diff${query}`)
    const { changes, unchanged } = await diff(first.id)
    const omitted = changes.map((each: { path: string; change: string; omitted: string | null }) => [
      ...[each.path, each.change, each.omitted],
    ])
    expect(omitted).toEqual([
      ['a.py', 'changed', null],
      ['binary', 'added', 'binary'],
      ['gone', 'removed', null],
      ['long', 'added', 'long'],
      ['new', 'added', null],
    ])
    // What the assignment gives is handed in, whatever it is called.
    expect(unchanged).toBe(2)
    expect(changes[0].patch).toContain('--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n')
    await sh('echo 3 >> a.py')
    const second = await handIn(ann.client, one.path)
    const later = await diff(second.id, `?against=${first.id}`)
    expect(later.changes.map(({ path }: { path: string }) => path)).toEqual(['a.py'])
    expect((await diff(second.id, `?against=${first.id}&path=new`)).changes).toEqual([])
    // Two long texts with nothing in common are told as too different, and others are answered meanwhile.
    const noise = (from: number) => `seq ${from} 7 ${from + 230_000} | sed "s/$/ $RANDOM/" > noise`
    await sh(noise(1))
    const third = await handIn(ann.client, one.path)
    await sh(noise(4))
    const fourth = await handIn(ann.client, one.path)
    const slow = await diff(fourth.id, `?against=${third.id}&path=noise`)
    expect(['different', 'long', null]).toContain(slow.changes[0].omitted)
    await end()
  })

  it('go with their assignment or class only when that is said, and their contents with them', async () => {
    const one = await begun(ann.client)
    await one.sh('echo only-here > a')
    await handIn(ann.client, one.path)
    const kept = await tess.client.call('DELETE', one.path)
    expect(kept).toMatchObject({ status: 409, body: { submissions: 1 } })
    expect(kept.body.detail).toContain('1 submissions')
    expect((await owner.call('DELETE', `/api/v1/classes/${math}`)).status).toBe(409)
    await made(tess.client, 'DELETE', `${one.path}?submissions=delete`)
    await one.end()
    const { rows } = await database.query(
      `SELECT count(*)::INTEGER AS count FROM submission WHERE "assignmentId" = $1`,
      [one.id],
    )
    expect(rows[0].count).toBe(0)
  })
})

async function* chunks(bytes: ArrayBuffer) {
  yield new Uint8Array(bytes)
}
