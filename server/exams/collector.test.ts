import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import { type ExamClass, fromNow, openExamClass } from '../../testing/exam-class.js'

const hourMs = 3_600_000

describe('the end of an exam', { timeout: 120_000 }, () => {
  let room: ExamClass
  let other: AnotherServer

  beforeAll(async () => {
    room = await openExamClass()
    other = await AnotherServer.start(room.instance)
  }, 300_000)
  afterAll(async () => {
    await other?.[Symbol.asyncDispose]()
    await room?.[Symbol.asyncDispose]()
  })

  const submissionsOf = async (path: string) =>
    (await room.made(room.tess.client, 'GET', `${path}/submissions`)).items
  const attemptOf = async (path: string, place: string) => {
    const { items } = await room.made(room.tess.client, 'GET', `${path}/attempts`)
    return items.find(({ student }: { student: string }) => student === place)
  }
  const stateOf = async (id: string) => (await room.made(room.tess.client, 'GET', `/sandboxes/${id}`)).state
  /** That everything there is to do was done. */
  const isDone = async (id: string) => {
    const { rows } = await room.database.query<{ state: string }>(
      'SELECT state FROM exam_attempt WHERE "assignmentId" = $1',
      [id],
    )
    return rows.every(({ state }) => state === 'done')
  }
  const done = (id: string) => expect.poll(() => isDone(id), { timeout: 90_000, interval: 200 }).toBe(true)
  const collected = async (path: string) => {
    const { items } = await room.made(room.tess.client, 'GET', `${path}/events`)
    return items.filter(({ type }: { type: string }) => type === 'collect')
  }
  const clean = async (path: string, ...sandboxes: string[]) => {
    await room.remove(path)
    for (const id of sandboxes) await room.made(room.tess.client, 'DELETE', `/sandboxes/${id}`)
  }

  it('hands in what is there, whatever state the sandbox is in, once at each student’s own end', async () => {
    const { ann, ben, tess, made } = room
    const one = await room.exam()
    const [first, second] = [await room.start(ann.client, one.path), await room.start(ben.client, one.path)]
    await first.write('answer', '42')
    await second.write('answer', '43')
    await made(tess.client, 'POST', `/sandboxes/${first.sandbox}/pause`)
    await made(tess.client, 'PUT', `${one.path}/extensions/${ben.place}`, { dueAt: fromNow(2 * hourMs) })
    const { dueAt } = await room.end(one.path)
    await expect.poll(() => submissionsOf(one.path), { timeout: 60_000 }).toHaveLength(1)
    const [handed] = await submissionsOf(one.path)
    expect(handed).toMatchObject({
      ...{ student: { name: 'ann', userId: ann.id }, number: 1, fileCount: 1, late: null, counts: true },
      at: { at: dueAt.at },
    })
    const read = await ann.client.call('GET', `/api/v1/submissions/${handed.id}/file?path=answer`)
    expect([read.status, read.body]).toEqual([200, '42'])
    await expect.poll(() => stateOf(first.sandbox), { timeout: 60_000 }).toBe('stopped')
    expect(await attemptOf(one.path, ann.place)).toMatchObject({ outcome: 'submitted', submissions: 1 })
    expect(await attemptOf(one.path, ben.place)).toMatchObject({
      outcome: null,
      submissions: 0,
      extended: true,
    })
    await second.write('answer', '44')
    await made(tess.client, 'POST', `/sandboxes/${second.sandbox}/stop`, {})
    await made(tess.client, 'DELETE', `${one.path}/extensions/${ben.place}`)
    await done(one.id)
    const all = await submissionsOf(one.path)
    expect(all.map(({ student }: { student: { name: string } }) => student.name).toSorted()).toEqual([
      'ann',
      'ben',
    ])
    expect(await collected(one.path)).toHaveLength(2)
    await clean(one.path, first.sandbox, second.sandbox)
  })

  it('hands in nothing again that is the same, and says so where there is nothing', async () => {
    const { ann, ben } = room
    const one = await room.exam()
    const [first, second] = [await room.start(ann.client, one.path), await room.start(ben.client, one.path)]
    await first.write('answer', '42')
    const { id } = await room.made(ann.client, 'POST', `${one.path}/submissions`)
    await room.end(one.path)
    await done(one.id)
    expect((await submissionsOf(one.path)).map((handed: { id: string }) => handed.id)).toEqual([id])
    expect(await attemptOf(one.path, ann.place)).toMatchObject({ outcome: 'same' })
    expect(await attemptOf(one.path, ben.place)).toMatchObject({ outcome: 'nothing' })
    await clean(one.path, first.sandbox, second.sandbox)
  })

  it('says why something could not be handed in, and keeps it', async () => {
    const { ann, tess, made } = room
    const one = await room.exam()
    const { sandbox, write } = await room.start(ann.client, one.path)
    await write('large', 'x'.repeat(17 * 1024 * 1024))
    await room.end(one.path)
    await done(one.id)
    const { outcome, message } = await attemptOf(one.path, ann.place)
    expect([outcome, message]).toEqual(['failed', expect.stringContaining('16 MiB')])
    expect((await made(tess.client, 'GET', `/sandboxes/${sandbox}/files/stat?path=large`)).sizeBytes).toBe(
      17 * 1024 * 1024,
    )
    await clean(one.path, sandbox)
  })

  it('comes once more for one who is given more time afterwards', async () => {
    const { ann, tess, made } = room
    const one = await room.exam()
    const { sandbox, write } = await room.start(ann.client, one.path)
    await write('answer', '42')
    await room.end(one.path)
    await done(one.id)
    await made(tess.client, 'PUT', `${one.path}/extensions/${ann.place}`, { dueAt: fromNow(hourMs) })
    const start = async () => (await ann.client.call('POST', `/api/v1/sandboxes/${sandbox}/start`)).status
    await expect.poll(start, { timeout: 30_000 }).toBe(200)
    await write('answer', '43')
    await made(tess.client, 'DELETE', `${one.path}/extensions/${ann.place}`)
    await done(one.id)
    // The end is the one that it was handed in at before: nothing more is handed in by itself, and what was is there.
    expect(await submissionsOf(one.path)).toHaveLength(1)
    await made(tess.client, 'PUT', `${one.path}/extensions/${ann.place}`, { dueAt: fromNow(hourMs) })
    await made(tess.client, 'PUT', `${one.path}/extensions/${ann.place}`, { dueAt: fromNow(1500) })
    await expect.poll(() => submissionsOf(one.path), { timeout: 60_000 }).toHaveLength(2)
    await done(one.id)
    const [last] = await submissionsOf(one.path)
    expect(last).toMatchObject({ number: 2, counts: true })
    await clean(one.path, sandbox)
  })

  it('is handed in once by two servers of which one is killed again and again', async () => {
    const { ann, ben } = room
    for (let round = 0; round < 3; round++) {
      const one = await room.exam()
      const [first, second] = [await room.start(ann.client, one.path), await room.start(ben.client, one.path)]
      await first.write('answer', `${round}`)
      await second.write('answer', `${round}`)
      await room.end(one.path)
      await sleep(round * 400)
      await other.end('SIGKILL')
      await other.restart()
      await done(one.id)
      const all = await submissionsOf(one.path)
      expect(all.map(({ student }: { student: { name: string } }) => student.name).toSorted()).toEqual([
        'ann',
        'ben',
      ])
      expect(await collected(one.path)).toHaveLength(2)
      await clean(one.path, first.sandbox, second.sandbox)
    }
  })

  it('is handed in when no server was there at the end', async () => {
    const { ann, database } = room
    const one = await room.exam()
    const { sandbox, write } = await room.start(ann.client, one.path)
    await write('answer', '42')
    // As if a server that has died had held it until a moment ago.
    await database.query(
      `UPDATE exam_attempt SET lease = 7, "leaseUntil" = now() AT TIME ZONE 'UTC' + interval '2 seconds' WHERE "assignmentId" = $1`,
      [one.id],
    )
    await room.end(one.path)
    await done(one.id)
    expect(await submissionsOf(one.path)).toHaveLength(1)
    const { rows } = await database.query('SELECT lease FROM exam_attempt WHERE "assignmentId" = $1', [
      one.id,
    ])
    expect(rows[0].lease).toBeGreaterThan(7)
    await clean(one.path, sandbox)
  })

  it('is the same at each server', async () => {
    const { ann } = room
    const there = new TestClient(other.url, ann.client.extraHeaders)
    const one = await room.exam()
    const { sandbox } = await room.start(ann.client, one.path)
    const path = `/api/v1/sandboxes/${sandbox}`
    expect((await there.call('GET', path)).status).toBe(200)
    await room.end(one.path)
    await expect.poll(async () => (await there.call('GET', path)).status, { timeout: 30_000 }).toBe(404)
    await done(one.id)
    await clean(one.path, sandbox)
  })
})
