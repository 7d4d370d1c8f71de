import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

describe('what a tenant stores', () => {
  let instance: Instance
  let ann: TestClient
  let database: pg.Client
  let tenantId: string

  const post = (body: object, headers = {}) =>
    ann.call('POST', '/api/v1/runs', { command: 'true', wait: true, ...body }, headers)
  const counted = async () => {
    const { rows } = await database.query(
      `SELECT (SELECT bytes FROM run_usage WHERE "tenantId" = $1) AS kept,
              (SELECT coalesce(sum(stored_bytes(run)), 0) FROM run WHERE "tenantId" = $1) AS truth`,
      [tenantId],
    )
    expect(Number(rows[0].kept)).toBe(Number(rows[0].truth))
    return Number(rows[0].kept)
  }
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

  beforeAll(async () => {
    instance = await sharedInstance()
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
    tenantId = (await ann.call('GET', '/api/v1/me')).body.tenant.id
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
    const operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
    const changed = await operator.call('PATCH', `/api/v1/admin/tenants/${tenantId}`, {
      quota: { runStorageMiB: 1 },
    })
    expect(changed.status).toBe(200)
  }, 300_000)
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  it('is refused where one thing is too large: metadata, names, environment', async () => {
    const big = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, 'x'.repeat(500)]))
    const refused = await post({ metadata: big })
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(refused.body.detail).toMatch(/metadata.*at most 64/)
    expect(JSON.stringify(refused.body).length).toBeLessThan(4000)
    const wrong = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`not a name ${at}`, 'x']))
    const named = await ann.call('POST', '/api/v1/sandboxes', { env: wrong })
    expect(named.status).toBe(400)
    expect(named.body.errors.length).toBeLessThan(50)
    const env = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`V${at}`, 'x'.repeat(30_000)]))
    expect((await ann.call('POST', '/api/v1/sandboxes', { env })).body.detail).toMatch(/at most 131072/)
  })

  it('is refused where the database cannot hold it, and asked for where it cannot be', async () => {
    for (const text of ['a\0b', 'a\ud800b']) {
      for (const metadata of [{ key: text }, { [text]: 'value' }]) {
        expect((await post({ metadata })).status).toBe(400)
        expect((await ann.call('POST', '/api/v1/sandboxes', { metadata })).status).toBe(400)
      }
    }
    for (const query of ['search=%00', 'language=a%00', 'cursor=%00']) {
      expect((await ann.call('GET', `/api/v1/runs?${query}`)).status).toBe(400)
    }
    expect((await ann.call('GET', '/api/v1/sandboxes?cursor=%00')).status).toBe(400)
  })

  it('is counted exactly, also when results come and when runs are deleted', async () => {
    const first = await post({ command: 'head -c 100000 /dev/zero | tr "\\0" x' })
    expect(first.status).toBe(200)
    const bytes = await counted()
    expect(bytes).toBeGreaterThan(100_000)
    expect((await ann.call('DELETE', `/api/v1/runs?finishedBefore=${inAnHour()}`)).body).toEqual({
      deleted: 1,
    })
    expect(await counted()).toBe(0)
    expect((await ann.call('GET', `/api/v1/runs/${first.body.id}`)).status).toBe(404)
  })

  it('is bounded: a run past the quota is refused with what to do, and doing it helps', async () => {
    const files = [{ path: 'big', content: 'x'.repeat(600_000) }]
    const one = await post({ files }, { 'idempotency-key': 'the-first' })
    expect(one.status).toBe(200)
    const two = await post({ files })
    expect(two).toMatchObject({ status: 422, body: { code: 'quota_exceeded' } })
    expect(two.body.detail).toMatch(/0\.6 MiB of 1\.0 MiB: delete finished runs with DELETE/)
    // Asked again, the first one is still answered, and what is small still fits.
    expect((await post({ files }, { 'idempotency-key': 'the-first' })).body.id).toBe(one.body.id)
    expect((await post({ files }, { 'idempotency-key': 'another' })).status).toBe(422)
    expect((await post({})).status).toBe(200)
    await ann.call('DELETE', `/api/v1/runs?finishedBefore=${inAnHour()}`)
    expect((await post({ files })).status).toBe(200)
    await counted()
  })

  it('does not stay of a sandbox that was deleted', async () => {
    const made = await ann.call('POST', '/api/v1/sandboxes', { env: { SECRET: 'x' }, metadata: { a: 'b' } })
    expect(made.status).toBe(201)
    expect((await ann.call('GET', '/api/v1/sandboxes')).body.items[0]).toMatchObject({ metadata: { a: 'b' } })
    await ann.call('DELETE', `/api/v1/sandboxes/${made.body.id}`)
    const { rows } = await database.query('SELECT env, metadata, state FROM sandbox WHERE id = $1', [
      made.body.id,
    ])
    expect(rows).toEqual([{ env: {}, metadata: {}, state: 'deleted' }])
  })
})
