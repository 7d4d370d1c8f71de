import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { freePort } from '../../testing/instance.js'
import { openServer, type TestServer } from '../../testing/server.js'
import { audit } from '../audit.js'
import { keepHouse, maxSessions } from './housekeeping.js'

describe('what the database stores', () => {
  let database: TestDatabase
  let server: TestServer
  let sql: pg.Client

  beforeAll(async () => {
    database = await openTestDatabase('bnd')
    server = await openServer({ DATABASE_URL: database.url, PORT: String(await freePort()) })
    sql = new pg.Client({ connectionString: database.url })
    await sql.connect()
  })
  afterAll(async () => {
    await sql.end()
    await server[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  const signUp = async (name: string) => {
    const client = await TestClient.signUp(server.url, `${name}@example.org`)
    const { user, tenant } = (await client.call('GET', '/api/v1/me')).body
    return { client, userId: String(user.id), tenantId: String(tenant.id) }
  }
  const atOnce = async (count: number, call: (at: number) => ReturnType<TestClient['call']>) => {
    const answers = await Promise.all(Array.from({ length: count }, (_, at) => call(at)))
    return answers.map(({ status }) => status).toSorted()
  }
  const refused = (count: number) => Array.from({ length: count }, () => 422)

  it('of tenants: three of one owner, also when they are asked for at once', async () => {
    const { client } = await signUp('ann')
    const statuses = await atOnce(10, (at) => client.call('POST', '/api/v1/tenants', { name: `t${at}` }))
    expect(statuses).toEqual([201, 201, ...refused(8)])
  })

  it('of tenants: three of one owner, however they become one: made, invited or by a change of role', async () => {
    const { client: ivy, userId } = await signUp('ivy')
    await ivy.call('POST', '/api/v1/tenants', { name: 'second' })
    const hosts = await Promise.all([1, 2, 3, 4].map((at) => signUp(`host${at}`)))
    const invitedAs = async (host: TestClient, role: string) => {
      const { url } = (await host.call('POST', '/api/v1/invitations', { email: 'ivy@example.org', role }))
        .body
      return { secret: new URL(url).hash.slice(1) }
    }
    // Two join as members and are made owners at once, two are invited as owners: one of the four has room.
    for (const { client } of hosts.slice(0, 2)) {
      const joined = await ivy.call('POST', '/api/v1/invitations/accept', await invitedAs(client, 'member'))
      expect(joined.status).toBe(200)
    }
    const secrets = await Promise.all(hosts.map(({ client }) => invitedAs(client, 'owner')))
    const answers = await Promise.all(
      hosts.map(({ client }, at) =>
        at < 2
          ? client.call('PATCH', `/api/v1/members/${userId}`, { role: 'owner' })
          : ivy.call('POST', '/api/v1/invitations/accept', secrets[at]),
      ),
    )
    const refusals = answers.filter(({ status }) => status === 422)
    expect(refusals).toHaveLength(3)
    for (const { body } of refusals) {
      expect(body).toMatchObject({
        code: 'quota_exceeded',
        detail: expect.stringMatching(/at most 3 tenants/),
      })
    }
    const { rows } = await sql.query(
      `SELECT count(*)::INTEGER AS owned FROM member WHERE "userId" = $1 AND role = 'owner'`,
      [userId],
    )
    expect(rows).toEqual([{ owned: 3 }])
  })

  it('of API keys: 500 of one tenant, also when they are asked for at once', async () => {
    const { client, tenantId, userId } = await signUp('ben')
    await sql.query(
      `INSERT INTO api_key (id, "tenantId", name, start, hash, "createdById") SELECT 'ky_' || n, $1, 'k', '', n::TEXT, $2 FROM generate_series(1, 499) AS n`,
      [tenantId, userId],
    )
    const statuses = await atOnce(8, (at) => client.call('POST', '/api/v1/keys', { name: `k${at}` }))
    expect(statuses).toEqual([201, ...refused(7)])
  })

  it('of invitations: 500 open ones of one tenant; those that have expired do not count', async () => {
    const { client, tenantId } = await signUp('cem')
    await sql.query(
      `INSERT INTO invitation (id, "tenantId", email, role, hash, "expiresAt") SELECT 'in_' || n, $1, 'x', 'member', n::TEXT,
        now() + CASE WHEN n > 499 THEN -1 ELSE 1 END * interval '1 day' FROM generate_series(1, 600) AS n`,
      [tenantId],
    )
    const invite = (at: number) => client.call('POST', '/api/v1/invitations', { email: `x${at}@example.org` })
    expect(await atOnce(8, invite)).toEqual([201, ...refused(7)])
  })

  it('of members: 1000 of one tenant, also when they accept at once', async () => {
    const { client, tenantId } = await signUp('dan')
    await sql.query(
      `INSERT INTO "user" (id, name, email, "updatedAt") SELECT 'us_' || n, 'x', n || '@x', now() FROM generate_series(1, 998) AS n`,
    )
    await sql.query(
      `INSERT INTO member (id, "tenantId", "userId") SELECT 'mb_' || n, $1, 'us_' || n FROM generate_series(1, 998) AS n`,
      [tenantId],
    )
    const guests = await Promise.all([1, 2, 3, 4].map((at) => signUp(`guest${at}`)))
    const secrets = await Promise.all(
      guests.map(async (_, at) => {
        const email = `guest${at + 1}@example.org`
        const { url } = (await client.call('POST', '/api/v1/invitations', { email })).body
        return new URL(url).hash.slice(1)
      }),
    )
    const statuses = await atOnce(4, async (at) => {
      const guest = guests[at]?.client ?? client
      return guest.call('POST', '/api/v1/invitations/accept', { secret: secrets[at] })
    })
    expect(statuses).toEqual([200, ...refused(3)])
  })

  it.each([
    ['a long name', { name: 'n'.repeat(65) }],
    ['a name of control characters', { name: 'a\u202eb' }],
    ['no name', { name: ' ' }],
    ['a long address', { email: `${'e'.repeat(250)}@example.org` }],
    ['a short password', { password: 'short' }],
    ['a long password', { password: 'p'.repeat(257) }],
  ])('of an account: not %s', async (_, wrong) => {
    const good = { name: 'Eve', email: 'eve@example.org', password: 'correct horse battery' }
    const nobody = new TestClient(server.url, { origin: server.url })
    const answer = await nobody.call('POST', '/api/auth/sign-up/email', { ...good, ...wrong })
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    const { rows } = await sql.query(`SELECT FROM "user" WHERE email = 'eve@example.org'`)
    expect(rows).toEqual([])
  })

  it('of an account: nothing that is not asked for, and of a browser its name in 512 characters', async () => {
    const body = { name: 'Fay', email: 'fay@example.org', password: 'correct horse battery' }
    const more = { image: 'i'.repeat(100_000), operator: true, emailVerified: true }
    const nobody = new TestClient(server.url, { origin: server.url, 'user-agent': 'u'.repeat(5000) })
    expect((await nobody.call('POST', '/api/auth/sign-up/email', { ...body, ...more })).status).toBe(200)
    const { rows } = await sql.query(
      `SELECT image, operator, length("userAgent") AS agent FROM "user" JOIN session ON "userId" = "user".id WHERE email = $1`,
      [body.email],
    )
    expect(rows).toEqual([{ image: null, operator: false, agent: 512 }])
  })

  it('of an entry of the audit log: the beginning of long texts', async () => {
    const { tenantId } = await signUp('gus')
    const who = { tenantId, actor: 'gus' }
    await audit(server.parts.database.prisma, who, 'file.move', null, { from: 'f'.repeat(4096), to: 'there' })
    const { rows } = await sql.query(`SELECT detail FROM audit_event WHERE action = 'file.move'`)
    expect(rows).toEqual([{ detail: { from: `${'f'.repeat(512)}…`, to: 'there' } }])
  })

  it('is forgotten when its time is over, and nothing else is', async () => {
    const { tenantId, userId } = await signUp('hal')
    const session = `INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt")`
    await sql.query(`DELETE FROM session WHERE "userId" = $1`, [userId])
    await sql.query(
      `${session} SELECT 'se_' || n, 't' || n, $1, now() + interval '1 day', now() - n * interval '1 minute' FROM generate_series(1, ${maxSessions + 5}) AS n`,
      [userId],
    )
    await sql.query(`${session} VALUES ('se_old', 'old', $1, now() - interval '1 day', now())`, [userId])
    const key = `INSERT INTO idempotency ("tenantId", key, request, "createdAt", "heldUntil")`
    await sql.query(
      `${key} VALUES ($1, 'old', '', now() - interval '25 hours', NULL), ($1, 'new', '', now() - interval '23 hours', NULL),
        ($1, 'held', '', now() - interval '25 hours', now() + interval '5 seconds')`,
      [tenantId],
    )
    await sql.query(
      `INSERT INTO verification (id, identifier, value, "expiresAt", "updatedAt") VALUES ('ve_old', '', '', now() - interval '1 hour', now())`,
    )
    const box = `INSERT INTO sandbox (id, "tenantId", name, template, state, limits, network, isolation, env, metadata, "deletedAt")`
    await sql.query(
      `${box} SELECT 'sb_' || days, $1, 'x' || days, 'base', 'deleted', '{}'::JSONB, '"none"'::JSONB, 'standard', '{}'::JSONB, '{}'::JSONB, now() - days * interval '1 day'
        FROM unnest(ARRAY[89, 91]) AS days
        UNION ALL SELECT 'sb_alive', $1, 'alive', 'base', 'stopped', '{}'::JSONB, '"none"'::JSONB, 'standard', '{}'::JSONB, '{}'::JSONB, NULL`,
      [tenantId],
    )
    await keepHouse(server.parts.database.pool)
    const ids = async (text: string) => (await sql.query(text)).rows.map((row) => Object.values(row)[0])
    expect(await ids(`SELECT count(*)::INTEGER FROM session WHERE "userId" = '${userId}'`)).toEqual([
      maxSessions,
    ])
    expect(
      await ids(`SELECT id FROM session WHERE id IN ('se_1', 'se_${maxSessions + 1}', 'se_old')`),
    ).toEqual(['se_1'])
    expect(await ids(`SELECT key FROM idempotency ORDER BY key`)).toEqual(['held', 'new'])
    expect(await ids(`SELECT id FROM verification`)).toEqual([])
    expect(await ids(`SELECT count(*)::INTEGER FROM invitation WHERE "expiresAt" < now()`)).toEqual([0])
    expect(await ids(`SELECT id FROM sandbox ORDER BY id`)).toEqual(['sb_89', 'sb_alive'])
    // Without this a node that still has it would take it for unknown.
    expect(await ids(`SELECT id FROM deleted_sandbox`)).toContain('sb_91')
  })
})
