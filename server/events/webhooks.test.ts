import { readFile } from 'node:fs/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, readWebhook } from '../../sdk/index.js'
import type { TestClient } from '../../testing/client.js'
import {
  type EventWorld,
  insertSandbox,
  must,
  openEventWorld,
  type Posted,
} from '../../testing/event-world.js'
import type { TestServer } from '../../testing/server.js'

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

describe('events are sent to webhooks', () => {
  let world: EventWorld
  beforeAll(async () => {
    world = await openEventWorld('wh')
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const send = async ({ parts }: TestServer) => {
    await parts.webhookSender.deliver()
    await parts.webhookSender[Symbol.asyncDispose]()
  }
  const hookOf = async (who: TestClient, wanted: object = {}) =>
    must(who, 'POST', '/webhooks', { url: world.receiver.url, types: ['sandbox.created'], ...wanted })
  const deliveriesOf = async (who: TestClient, id: string, query = '') =>
    (await must(who, 'GET', `/webhooks/${id}/deliveries${query}`)).items
  /** One that waits is due. */
  const makeDue = (id: string) =>
    world.sql.query(
      `UPDATE webhook_delivery SET "dueAt" = now() AT TIME ZONE 'UTC' - interval '1 s' WHERE "webhookId" = $1 AND "dueAt" IS NOT NULL`,
      [id],
    )
  /** What is posted from now on. */
  const since = () => {
    const before = world.receiver.posted.length
    return { before, all: () => world.receiver.posted.slice(before) }
  }
  const headersOf = (posted: Posted | undefined) =>
    Object.fromEntries(Object.entries(posted?.headers ?? {}).map(([name, value]) => [name, String(value)]))

  it('signed, so that any library of Standard Webhooks takes it; and with the old secret for a day', async () => {
    const { client, tenantId } = await world.person()
    const { id, secret } = await hookOf(client)
    expect(JSON.stringify(await must(client, 'GET', `/webhooks/${id}`))).not.toContain('whsec_')
    const sandbox = await insertSandbox(world.sql, tenantId)
    await world.sql.query(`UPDATE sandbox SET state = 'paused' WHERE id = $1`, [sandbox])
    const posted = since()
    await world.place()
    await send(world.one)
    await send(world.other)
    const [first] = posted.all()
    expect(posted.all()).toHaveLength(1)
    const event = new Webhook(secret).verify(first?.body ?? '', headersOf(first))
    expect(event).toMatchObject({ type: 'sandbox.created', data: { sandbox: { id: sandbox } } })
    expect(await readWebhook(secret, new Headers(headersOf(first)), first?.body ?? '')).toEqual(event)
    const [delivery] = await deliveriesOf(client, id)
    expect(delivery).toMatchObject({ event, state: 'delivered', tries: 1, status: 204, dueAt: null })

    const { secret: fresh } = await must(client, 'POST', `/webhooks/${id}/secret`)
    await insertSandbox(world.sql, tenantId)
    await world.place()
    await send(world.one)
    const [, second] = posted.all()
    for (const good of [secret, fresh]) new Webhook(good).verify(second?.body ?? '', headersOf(second))
    await world.sql.query(
      `UPDATE webhook SET "oldSecretUntil" = now() AT TIME ZONE 'UTC' - interval '1 s' WHERE id = $1`,
      [id],
    )
    await must(client, 'POST', `/webhooks/${id}/deliveries/${delivery.id}/replay`)
    await send(world.other)
    const third = posted.all()[2]
    expect(third?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    new Webhook(fresh).verify(third?.body ?? '', headersOf(third))
    expect(() => new Webhook(secret).verify(third?.body ?? '', headersOf(third))).toThrow()
  })

  it('again, later, when the receiver fails, redirects or is not there', async () => {
    const { client, tenantId } = await world.person()
    const { id } = await hookOf(client)
    const posted = since()
    await insertSandbox(world.sql, tenantId)
    await world.place()
    for (const [tries, answer] of [500, 302].entries()) {
      world.receiver.answers.push(answer)
      await send(world.one)
      const [delivery] = await deliveriesOf(client, id, '?state=pending')
      expect(delivery).toMatchObject({ tries: tries + 1, status: answer, error: `it answered ${answer}` })
      expect(Date.parse(delivery.dueAt)).toBeGreaterThan(Date.parse(delivery.triedAt))
      expect(delivery.answer).toMatch(/^nothing/)
      expect(delivery.answer.length).toBeLessThanOrEqual(500)
      // It is not due yet.
      await send(world.other)
      await makeDue(id)
    }
    expect((await must(client, 'GET', `/webhooks/${id}`)).failingSince).not.toBeNull()
    await send(world.other)
    expect(posted.all().map(({ path }) => path)).toEqual(['/hook', '/hook', '/hook'])
    expect(new Set(posted.all().map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(await deliveriesOf(client, id)).toMatchObject([{ state: 'delivered', tries: 3, error: null }])
    expect((await must(client, 'GET', `/webhooks/${id}`)).failingSince).toBeNull()
  })

  it('by another server when the one that had it is gone, which changes nothing any more', async () => {
    const { client, tenantId } = await world.person()
    const { id } = await hookOf(client)
    const posted = since()
    await insertSandbox(world.sql, tenantId)
    await insertSandbox(world.sql, tenantId)
    await world.place()
    let answerBoth = (_status: number) => {}
    const answer = new Promise<number>((resolve) => {
      answerBoth = resolve
    })
    world.receiver.answers.push(answer, answer)
    const hanging = world.one.parts.webhookSender.deliver()
    await world.receiver.has(posted.before + 2)
    await send(world.other)
    expect(posted.all()).toHaveLength(2)
    await world.sql.query(
      `UPDATE webhook_delivery SET "leaseUntil" = now() AT TIME ZONE 'UTC' - interval '1 s' WHERE "webhookId" = $1`,
      [id],
    )
    await send(world.other)
    expect(posted.all()).toHaveLength(4)
    answerBoth(500)
    await hanging
    await world.one.parts.webhookSender[Symbol.asyncDispose]()
    const delivered = { state: 'delivered', tries: 2, status: 204 }
    expect(await deliveriesOf(client, id)).toMatchObject([delivered, delivered])
    await send(world.one)
    expect(posted.all()).toHaveLength(4)
  })

  it('no more when it fails for long, which is said and noted; what has failed is replayed', async () => {
    const { client, tenantId } = await world.person()
    const { id } = await hookOf(client, { name: 'mine' })
    await insertSandbox(world.sql, tenantId)
    await insertSandbox(world.sql, tenantId)
    await world.place()
    await world.sql.query(
      `UPDATE event SET at = at - interval '1 minute' WHERE position = (SELECT min(position) FROM event WHERE "tenantId" = $1)`,
      [tenantId],
    )
    world.receiver.answers.push(500, 500)
    await send(world.one)
    await world.sql.query(
      `UPDATE webhook SET "failingSince" = now() AT TIME ZONE 'UTC' - interval '25 hours' WHERE id = $1`,
      [id],
    )
    const last = `UPDATE webhook_delivery SET tries = 9, "dueAt" = now() AT TIME ZONE 'UTC' - interval '1 s' WHERE id = $1`
    const [waits, tried] = await deliveriesOf(client, id)
    await world.sql.query(last, [tried.id])
    world.receiver.answers.push(503)
    await send(world.one)
    const problem = expect.stringMatching(/^no delivery has succeeded since .*: it answered 503$/)
    expect(await must(client, 'GET', `/webhooks/${id}`)).toMatchObject({ enabled: false, problem })
    const failed = await deliveriesOf(client, id, '?state=failed')
    expect(failed).toMatchObject([{ id: waits.id }, { id: tried.id, tries: 10 }])
    const { items } = await must(client, 'GET', '/audit?action=webhook.disable')
    expect(items).toMatchObject([{ actor: 'cloche', target: id, detail: { name: 'mine' } }])
    await insertSandbox(world.sql, tenantId)
    await world.place()
    expect(await deliveriesOf(client, id)).toHaveLength(2)
    const all = { since: failed[1].event.timestamp }
    expect((await client.call('POST', `/api/v1/webhooks/${id}/replay`, all)).status).toBe(409)
    await must(client, 'PATCH', `/webhooks/${id}`, { enabled: true })
    const posted = since()
    expect(
      await must(client, 'POST', `/webhooks/${id}/replay`, { since: failed[0].event.timestamp }),
    ).toEqual({
      replayed: 1,
    })
    expect(await must(client, 'POST', `/webhooks/${id}/replay`, all)).toEqual({ replayed: 1 })
    await send(world.other)
    expect(posted.all()).toHaveLength(2)
    expect(await deliveriesOf(client, id, '?state=delivered')).toHaveLength(2)
    // One that is gone for good says so.
    world.receiver.answers.push(410)
    await must(client, 'POST', `/webhooks/${id}/deliveries/${tried.id}/replay`)
    await send(world.one)
    const { enabled, problem: told } = await must(client, 'GET', `/webhooks/${id}`)
    expect([enabled, told]).toEqual([false, expect.stringContaining('410')])
  })

  it('never to what is not public, nor by somebody of another tenant', async () => {
    const { client, tenantId } = await world.person()
    for (const url of [
      'http://10.0.0.1/',
      'http://169.254.169.254/',
      'http://[::1]/',
      'ftp://127.0.0.1/',
      'http://a:b@127.0.0.1/',
    ]) {
      expect((await client.call('POST', '/api/v1/webhooks', { url })).status, url).toBe(400)
    }
    const { id } = await hookOf(client)
    // What a name stood for when it was given counts for nothing.
    await world.sql.query(`UPDATE webhook SET url = 'http://10.0.0.1/' WHERE id = $1`, [id])
    await insertSandbox(world.sql, tenantId)
    await world.place()
    await send(world.one)
    const [delivery] = await deliveriesOf(client, id)
    expect(delivery).toMatchObject({ status: null, error: '10.0.0.1 has an address that is not public' })
    const { client: stranger } = await world.person()
    const path = `/api/v1/webhooks/${id}`
    for (const [method, tail, body] of [
      ...([
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/deliveries'],
        ['POST', '/secret'],
      ] as const),
      ...([
        ['PATCH', '', { enabled: false }],
        ['POST', '/replay', { since: delivery.event.timestamp }],
      ] as const),
      ['POST', `/deliveries/${delivery.id}/replay`] as const,
    ]) {
      expect((await stranger.call(method, `${path}${tail}`, body)).status, `${method} ${tail}`).toBe(404)
    }
    const { id: own } = await hookOf(stranger, { enabled: true })
    const foreign = `/api/v1/webhooks/${own}/deliveries/${delivery.id}/replay`
    expect((await stranger.call('POST', foreign)).status).toBe(404)
  })

  it('as docs/how-to/webhooks.md shows', async () => {
    const { client, tenantId } = await world.person()
    const { key } = await must(client, 'POST', '/keys', { name: 'docs' })
    const page = await readFile('docs/how-to/webhooks.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) =>
      block.replaceAll('https://hooks.example.org/cloche', world.receiver.url),
    )
    expect(blocks).toHaveLength(3)
    const cloche = new Cloche({ url: world.one.url, apiKey: String(key) })
    const told: string[] = []
    const log = (...words: readonly unknown[]) => void told.push(words.join(' '))
    const all = new AsyncFunction('cloche', 'console', 'happens', blocks.join('\nawait happens()\n'))
    await all(cloche, { log }, async () => {
      world.receiver.answers.push(500)
      await insertSandbox(world.sql, tenantId)
      await world.sql.query(`UPDATE sandbox SET state = 'failed' WHERE "tenantId" = $1`, [tenantId])
      await world.place()
      await send(world.one)
      await world.sql.query(
        `UPDATE webhook_delivery SET state = 'failed', "dueAt" = NULL WHERE state = 'pending'`,
      )
    })
    expect(told).toContain('sandbox.failed')
    expect(told.at(-1)).toMatch(/ sent again$/)
  })
})
