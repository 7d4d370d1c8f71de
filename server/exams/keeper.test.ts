import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTar } from '../../common/tar/read.js'
import { type ExamClass, openExamClass } from '../../testing/exam-class.js'

describe('what is kept in an exam', { timeout: 120_000 }, () => {
  let room: ExamClass

  beforeAll(async () => {
    room = await openExamClass()
  }, 300_000)
  afterAll(() => room?.[Symbol.asyncDispose]())

  const keptOf = async (path: string) =>
    (await room.made(room.tess.client, 'GET', `${path}/attempts/${room.ann.place}/snapshots`)).items
  /** As if this time had gone by since a server looked, and since everything was kept. */
  const pass = async (id: string, minutes: number) => {
    const ago = `interval '${minutes} minutes'`
    await room.database.query(`UPDATE exam_snapshot SET at = at - ${ago} WHERE "assignmentId" = $1`, [id])
    await room.database.query(
      `UPDATE exam_attempt SET "lookedAt" = "lookedAt" - ${ago} WHERE "assignmentId" = $1`,
      [id],
    )
  }
  const isLookedAt = async (id: string) => {
    const { rows } = await room.database.query(
      `SELECT "lookedAt" > now() AT TIME ZONE 'UTC' - interval '1 minute' AS now FROM exam_attempt WHERE "assignmentId" = $1`,
      [id],
    )
    return rows[0]?.now
  }

  it('is each change, not what is the same, and of what is older one of each ten minutes', async () => {
    const { ann, tess, made } = room
    const one = await room.exam()
    const { sandbox, write } = await room.start(ann.client, one.path)
    const next = async (content: string, count: number, minutes = 2) => {
      await write('answer', content)
      await pass(one.id, minutes)
      await expect.poll(async () => (await keptOf(one.path)).length, { timeout: 60_000 }).toBe(count)
    }
    await next('1', 1)
    await next('2', 2)
    const [last] = await keptOf(one.path)
    expect(last).toMatchObject({ fileCount: 1, bytes: 1 })
    const url = `/api/v1${one.path}/attempts/${ann.place}/snapshots/${last.id}/archive`
    const answer = await fetch(new URL(url, room.instance.url), { headers: tess.client.extraHeaders })
    const names: string[] = []
    const archive = Readable.from([Buffer.from(await answer.arrayBuffer())])
    for await (const { name } of readTar(archive)) names.push(String(name))
    expect(names).toEqual(['answer'])
    expect((await ann.client.call('GET', url)).status).toBe(403)
    // The same again is not kept.
    await write('answer', '2')
    await pass(one.id, 2)
    await expect.poll(() => isLookedAt(one.id), { timeout: 60_000 }).toBe(true)
    await next('3', 3)
    const [third] = await keptOf(one.path)
    // Half an hour later, one or two of these are left, as ten minutes begin, and the one that is new.
    await write('answer', '4')
    await pass(one.id, 30)
    await expect
      .poll(async () => (await keptOf(one.path))[0].digest, { timeout: 60_000 })
      .not.toBe(third.digest)
    expect((await keptOf(one.path)).length).toBeLessThanOrEqual(3)
    const { items } = await made(tess.client, 'GET', `${one.path}/attempts`)
    expect(items[0].keptAt).not.toBeNull()
    await room.end(one.path)
    await room.remove(one.path)
    await made(ann.client, 'DELETE', `/sandboxes/${sandbox}`)
  })
})
