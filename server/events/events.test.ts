import { once } from 'node:events'
import { type ClientRequest, get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MissedEvents, newId, type TenantEvent } from '../../protocol/api/index.js'
import type { TestClient } from '../../testing/client.js'
import { type EventWorld, insertSandbox, must, openEventWorld } from '../../testing/event-world.js'

describe('what happens in a tenant', () => {
  let world: EventWorld
  beforeAll(async () => {
    world = await openEventWorld('ev')
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const told = async (who: TestClient, query = 'since=0') => {
    const text = String((await who.call('GET', `/api/v1/events?${query}&follow=false`)).body)
    return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']): TenantEvent | MissedEvents =>
      JSON.parse(data),
    )
  }
  const typesOf = async (who: TestClient, query?: string) => (await told(who, query)).map(({ type }) => type)
  const sandboxesOf = async (who: TestClient) =>
    (await told(who)).flatMap((event) => ('data' in event ? [Object(event.data.sandbox).id] : []))

  it('is told once it is committed, in its order', async () => {
    const { client, tenantId } = await world.person()
    const id = await insertSandbox(world.sql, tenantId)
    for (const state of [
      'paused',
      'running',
      'stopped',
      'creating',
      'stopped',
      'creating',
      'running',
      'failed',
    ]) {
      await world.sql.query('UPDATE sandbox SET state = $2 WHERE id = $1', [id, state])
    }
    await world.sql.query(
      `UPDATE sandbox SET state = 'deleted', "deletedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`,
      [id],
    )
    const undone = await world.sql.connect()
    await undone.query('BEGIN')
    await insertSandbox(undone, tenantId)
    await undone.query('ROLLBACK')
    undone.release()
    expect(await told(client)).toEqual([])
    await world.place()
    expect(await typesOf(client)).toEqual(
      ['created', 'paused', 'resumed', 'stopped', 'started', 'failed', 'deleted'].map(
        (end) => `sandbox.${end}`,
      ),
    )
    expect(await typesOf(client, 'since=0&types=sandbox.failed,run.finished')).toEqual(['sandbox.failed'])
    expect((await client.call('GET', '/api/v1/events?types=sandbox.lost')).status).toBe(400)
    const [first] = await told(client)
    expect(first).toMatchObject({ type: 'sandbox.created', data: { sandbox: { id, state: 'running' } } })
  })

  it('is told of runs and builds too', async () => {
    const { client, tenantId } = await world.person()
    const [run, build] = [newId('rn'), newId('bd')]
    await world.sql.query(
      `INSERT INTO run (id, "tenantId", state, template, request, metadata, "requestHash")
       VALUES ($1, $2, 'queued', 'base', '{}', '{}', '')`,
      [run, tenantId],
    )
    await world.sql.query(
      `UPDATE run SET state = 'canceled', "finishedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`,
      [run],
    )
    await world.sql.query(`INSERT INTO build (id, "tenantId", template) VALUES ($1, $2, 'mine')`, [
      build,
      tenantId,
    ])
    await world.sql.query(`UPDATE build SET status = 'failed', error = 'no' WHERE id = $1`, [build])
    await world.place()
    expect(await told(client)).toMatchObject([
      { type: 'run.created', data: { run: { id: run, state: 'queued' } } },
      { type: 'run.finished', data: { run: { id: run, state: 'canceled' } } },
      {
        type: 'build.finished',
        data: { build: { id: build, template: 'mine', status: 'failed', error: 'no' } },
      },
    ])
  })

  it('is not missed when it is committed late, and is told after what was told before', async () => {
    const { client, tenantId } = await world.person()
    const slow = await world.sql.connect()
    await slow.query('BEGIN')
    const late = await insertSandbox(slow, tenantId)
    const early = await insertSandbox(world.sql, tenantId)
    await world.place()
    const [first] = await told(client)
    expect(await sandboxesOf(client)).toEqual([early])
    await slow.query('COMMIT')
    slow.release()
    await world.place()
    expect(await told(client, `since=${first?.position}`)).toMatchObject([
      { data: { sandbox: { id: late } } },
    ])
  })

  it('is read without a hole while many commit and two servers give positions', async () => {
    const { client, tenantId } = await world.person()
    const [writers, ofEach] = [12, 15]
    let writing = true
    const write = async () => {
      const ids: string[] = []
      for (let at = 0; at < ofEach; at++) {
        const connection = await world.sql.connect()
        await connection.query('BEGIN')
        ids.push(await insertSandbox(connection, tenantId))
        await connection.query('SELECT pg_sleep(random() * 0.01)')
        await connection.query('COMMIT')
        connection.release()
      }
      return ids
    }
    const placing = [world.one, world.other].map(async ({ parts }) => {
      while (writing) await parts.events.place()
    })
    const written = Promise.all(Array.from({ length: writers }, write)).finally(() => {
      writing = false
    })
    const found: string[] = []
    const positions: number[] = []
    const read = async () => {
      const page = await told(client, `since=${positions.at(-1) ?? 0}`)
      for (const event of page) {
        positions.push(event.position)
        if ('data' in event) found.push(Object(event.data.sandbox).id)
      }
    }
    while (writing) await read()
    await Promise.all(placing)
    await world.place()
    await read()
    expect(found.toSorted()).toEqual((await written).flat().toSorted())
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b))
  })

  it('is followed at another server, and resumed after the last event that came', async () => {
    const { client, tenantId } = await world.person()
    const { key } = await must(client, 'POST', '/keys', { name: 'there' })
    const calls: ClientRequest[] = []
    // Without an agent: `fetch` would connect again after the end, and the server wait for that connection.
    const open = async (headers: Record<string, string>) => {
      const call = get(`${world.other.url}/api/v1/events`, {
        ...{ agent: false, headers: { authorization: `Bearer ${key}`, ...headers } },
      })
      calls.push(call)
      const [answer] = await once(call, 'response')
      const chunks = answer.setEncoding('utf8')[Symbol.asyncIterator]()
      let text = ''
      return async (expected: RegExp) => {
        for (;;) {
          const match = expected.exec(text)
          if (match !== null) return match[1] ?? ''
          const { value, done } = await chunks.next()
          if (done) throw new Error(`the stream ended: ${text}`)
          text += value
        }
      }
    }
    const first = await open({})
    // A client that hears nothing yet knows already from where on.
    await first(/^id: (\d+)$/m)
    await insertSandbox(world.sql, tenantId)
    await world.place()
    const position = await first(/id: (\d+)\nevent: sandbox\.created\n/)
    const missed = await insertSandbox(world.sql, tenantId)
    await world.place()
    const second = await open({ 'last-event-id': position })
    expect(JSON.parse(await second(/data: (.*)\n/))).toMatchObject({ data: { sandbox: { id: missed } } })
    for (const call of calls) call.destroy()
  })

  it('says so when it is not kept any more, or was never there', async () => {
    const { client, tenantId } = await world.person()
    const old = [await insertSandbox(world.sql, tenantId), await insertSandbox(world.sql, tenantId)]
    const kept = await insertSandbox(world.sql, tenantId)
    await world.place()
    const [first, gone, there] = await told(client)
    await world.sql.query(
      `UPDATE event SET at = at - interval '8 days' WHERE data->'sandbox'->>'id' = ANY($1)`,
      [old],
    )
    await world.one.parts.events.forget()
    expect(await sandboxesOf(client)).toEqual([kept])
    expect(await told(client, `since=${first?.position}`)).toMatchObject([
      { type: 'missed', reason: 'expired', since: first?.position, position: gone?.position },
      { position: there?.position },
    ])
    expect(await told(client, `since=${gone?.position}`)).toMatchObject([{ position: there?.position }])
    expect(await told(client, 'since=999999999')).toMatchObject([{ type: 'missed', reason: 'unknown' }])
  })

  it('is told to each as far as they see it', async () => {
    const { client: owner, tenantId } = await world.person()
    const join = async (role: string) => {
      const joined = await world.person()
      const { url } = await must(owner, 'POST', '/invitations', { email: joined.email, role })
      await must(joined.client, 'POST', '/invitations/accept', { secret: new URL(url).hash.slice(1) })
      return joined
    }
    const [ann, ben] = [await join('student'), await join('student')]
    const [teacher, colleague] = [await join('member'), await join('member')]
    const { client: stranger } = await world.person()
    const insertAssignment = async (classId: string, { title, exam }: { title: string; exam?: object }) => {
      const id = newId('as')
      await world.sql.query(
        `INSERT INTO assignment (id, "tenantId", "classId", position, title, text, published, source, network, "readOnly", steps,
           tests, exam, "opensAt", "dueAt")
         VALUES ($1, $2, $3, 1, $4, '', true, '{}', '"none"', '[]', '[]', '[]', $5,
           now() AT TIME ZONE 'UTC' - interval '1 minute', now() AT TIME ZONE 'UTC' + interval '1 hour')`,
        [id, tenantId, classId, title, exam === undefined ? null : JSON.stringify(exam)],
      )
      return id
    }
    const { id: classId } = await must(owner, 'POST', '/classes', { name: 'class' })
    await must(owner, 'PUT', `/classes/${classId}/staff/${teacher.id}`, { role: 'teacher' })
    await must(owner, 'POST', `/classes/${classId}/students`, { name: 'Ann', email: ann.email })
    const ids = [
      await insertSandbox(world.sql, tenantId, ann.id),
      await insertSandbox(world.sql, tenantId, ben.id),
      await insertSandbox(world.sql, tenantId),
    ]
    await world.place()
    expect(await sandboxesOf(owner)).toEqual(ids)
    expect(await sandboxesOf(ann.client)).toEqual([ids[0]])
    expect(await sandboxesOf(ben.client)).toEqual([ids[1]])
    // That they teach a class is told to servers by a notice.
    await expect.poll(() => sandboxesOf(teacher.client)).toEqual([ids[0], ids[2]])
    expect(await sandboxesOf(colleague.client)).toEqual([ids[2]])
    expect(await sandboxesOf(stranger)).toEqual([])

    // Of another class of the same student its staff are told, and nobody else.
    const { id: otherClass } = await must(owner, 'POST', '/classes', { name: 'other class' })
    await must(owner, 'PUT', `/classes/${otherClass}/staff/${colleague.id}`, { role: 'assistant' })
    await must(owner, 'POST', `/classes/${otherClass}/students`, { name: 'Ann', email: ann.email })
    const task = await insertAssignment(otherClass, { title: 'Loops' })
    await world.sql.query(
      `INSERT INTO submission (id, "tenantId", "assignmentId", "userId", "studentName", number, at, digest, files, bytes,
         "newBytes", "leftOut", "leftOutCount") VALUES ($1, $2, $3, $4, 'Ann', 1, now(), '', 0, 0, 0, '[]', 0)`,
      [newId('su'), tenantId, task, ann.id],
    )
    await world.place()
    const handedIn = (who: TestClient) => typesOf(who, 'since=0&types=submission.created')
    for (const who of [owner, ann.client, colleague.client]) {
      await expect.poll(() => handedIn(who)).toEqual(['submission.created'])
    }
    for (const who of [ben.client, teacher.client, stranger]) expect(await handedIn(who)).toEqual([])

    // While an exam goes on, nothing.
    await insertAssignment(classId, { title: 'Exam', exam: {} })
    const inExam = async () => (await ann.client.call('GET', '/api/v1/events?follow=false')).status
    await expect.poll(inExam, { timeout: 15_000 }).toBe(403)
    expect((await ben.client.call('GET', '/api/v1/webhooks')).status).toBe(403)
    expect((await teacher.client.call('GET', '/api/v1/webhooks')).status).toBe(403)
  })

  it('is that a quota is used up, once for many calls', async () => {
    const { client } = await world.person()
    const hook = { url: world.receiver.url, enabled: false }
    for (let at = 0; at < 10; at++) await must(client, 'POST', '/webhooks', hook)
    for (let at = 0; at < 3; at++) {
      expect((await client.call('POST', '/api/v1/webhooks', hook)).body.code).toBe('quota_exceeded')
    }
    await world.place()
    expect(await told(client)).toMatchObject([
      { type: 'quota.reached', data: { detail: expect.stringContaining('10 webhooks') } },
    ])
  })

  it('is gone with the tenant', async () => {
    const { tenantId } = await world.person()
    await insertSandbox(world.sql, tenantId)
    await world.place()
    await insertSandbox(world.sql, tenantId)
    await world.sql.query('DELETE FROM tenant WHERE id = $1', [tenantId])
    await world.place()
    const left = `SELECT FROM event WHERE "tenantId" = $1 UNION ALL SELECT FROM event_outbox WHERE "tenantId" = $1`
    expect((await world.sql.query(left, [tenantId])).rowCount).toBe(0)
  })
})
