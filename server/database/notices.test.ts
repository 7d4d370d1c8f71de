import { once } from 'node:events'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { freePort } from '../../testing/instance.js'
import { openServer, type TestServer } from '../../testing/server.js'
import type { Notice } from './notices.js'

describe('two servers on one database', () => {
  let database: TestDatabase
  let one: TestServer
  let other: TestServer

  beforeAll(async () => {
    database = await openTestDatabase('nt')
    const PORT = String(await freePort())
    one = await openServer({ DATABASE_URL: database.url, PORT })
    // Behind the same address, as with a load balancer: origins and cookies are the same.
    other = await openServer({ DATABASE_URL: database.url, CLOCHE_URL: one.url })
    await Promise.all([one, other].map(listening))
  })
  afterAll(async () => {
    await other[Symbol.asyncDispose]()
    await one[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  /** Until its connection listens, a notice would be lost: nothing is cached before, either. */
  const listening = async (server: TestServer) => {
    const { pool } = server.parts.database
    for (;;) {
      const heard = next(server, ({ type, id }) => type === 'tenant' && id === 'tn_probe')
      await pool.query(`SELECT pg_notify('cloche', '{"type": "tenant", "id": "tn_probe"}')`)
      const late = new Promise((resolve) => setTimeout(resolve, 100, 'late'))
      if ((await Promise.race([heard, late])) !== 'late') return
    }
  }
  /** The next notice of a kind that a server hears; it has acted on it by then. */
  const next = async (server: TestServer, is: (told: Notice & { id?: string }) => boolean) => {
    for (;;) {
      const [told] = await once(server.parts.notices, 'notice')
      if (is(told)) return told
    }
  }
  const at = (server: TestServer, who: TestClient) => new TestClient(server.url, who.extraHeaders)
  const status = async (server: TestServer, who: TestClient) =>
    (await at(server, who).call('GET', '/api/v1/me')).status
  const signUp = async (email: string) => {
    const made = await TestClient.signUp(one.url, email)
    expect(await status(other, made)).toBe(200)
    return made
  }
  const keyOf = async (who: TestClient) => {
    const { id, key } = (await who.call('POST', '/api/v1/keys', { name: 'k' })).body
    const client = TestClient.withKey(other.url, key)
    expect(await status(other, client)).toBe(200)
    return { id, client }
  }

  it('end a session on both when one of them ends it', async () => {
    const ann = await signUp('ann@example.org')
    const again = await TestClient.signIn(one.url, 'ann@example.org', 'correct horse battery')
    expect(await status(other, again)).toBe(200)
    const told = next(other, ({ type }) => type === 'access')
    expect((await ann.call('DELETE', '/api/v1/account/sessions')).status).toBe(204)
    await told
    expect(await status(other, again)).toBe(401)
    expect(await status(other, ann)).toBe(200)
  })

  it('refuse a deleted key and end its sockets, whichever of them it reaches', async () => {
    const ben = await signUp('ben@example.org')
    const { id, client } = await keyOf(ben)
    const socket = io(`${other.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      extraHeaders: client.extraHeaders,
    })
    await new Promise((resolve, reject) =>
      socket.once('connect', () => resolve(null)).once('connect_error', reject),
    )
    const ended = new Promise((resolve) => socket.once('disconnect', resolve))
    const told = next(other, ({ type }) => type === 'access')
    expect((await ben.call('DELETE', `/api/v1/keys/${id}`)).status).toBe(204)
    await told
    expect(await status(other, client)).toBe(401)
    await ended
  })

  it('know at once that a role has changed', async () => {
    const cleo = await signUp('cleo@example.org')
    const { pool } = other.parts.database
    const role = async () => (await at(other, cleo).call('GET', '/api/v1/me')).body.tenant.role
    expect(await role()).toBe('owner')
    const told = next(other, ({ type }) => type === 'access')
    await pool.query(
      `UPDATE member SET role = 'admin' FROM "user" WHERE "user".id = "userId" AND email = 'cleo@example.org'`,
    )
    await told
    expect(await role()).toBe('admin')
  })

  it('drop what they believe after they have not heard for a while', async () => {
    const dora = await signUp('dora@example.org')
    const { id, client } = await keyOf(dora)
    const { pool } = one.parts.database
    const missed = [one, other].map(({ parts }) => once(parts.notices, 'missed'))
    // The connections break, and the key goes before they are there again.
    await pool.query(
      `WITH broken AS (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cloche notices')
       SELECT count(*) FROM broken`,
    )
    await pool.query('DELETE FROM api_key WHERE id = $1', [id])
    await Promise.all(missed)
    expect(await status(other, client)).toBe(401)
  })
})
