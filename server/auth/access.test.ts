import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientToServer, ServerToClient } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { freePort } from '../../testing/instance.js'
import { openServer, type TestServer } from '../../testing/server.js'

type Line = Socket<ServerToClient, ClientToServer>

const plain = 'cloche.session_token'
const secure = `__Secure-${plain}`

describe('who a request is from', () => {
  let database: TestDatabase
  let open: TestServer
  let tls: TestServer
  const lines: Line[] = []

  beforeAll(async () => {
    database = await openTestDatabase('who')
    const port = String(await freePort())
    open = await openServer({ DATABASE_URL: database.url, PORT: port })
    tls = await openServer({ DATABASE_URL: database.url, CLOCHE_URL: 'https://cloche.example' })
  })
  afterAll(async () => {
    for (const line of lines) line.disconnect()
    await tls[Symbol.asyncDispose]()
    await open[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  /** Both ways to reach the same accounts: in the open, and as behind a proxy that ends TLS. */
  const ways = () => [
    { url: open.url, origin: open.url, name: plain, other: secure },
    { url: tls.url, origin: 'https://cloche.example', name: secure, other: plain },
  ]
  const cookieOf = async (url: string, origin: string, how: 'sign-up' | 'sign-in', email: string) => {
    const body = { name: 'A', email, password: 'correct horse battery' }
    const answer = await new TestClient(url, { origin }).call('POST', `/api/auth/${how}/email`, body)
    expect(answer.status).toBe(200)
    return answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .find((pair) => pair.includes(plain))
      ?.replace(/^[^=]*=/, '')
  }
  const me = async (url: string, headers: Readonly<Record<string, string>>) => {
    const { status, body } = await new TestClient(url, headers).call('GET', '/api/v1/me')
    return status === 200 ? (body.user?.email ?? 'key') : status
  }
  const socketOf = (url: string, headers: Readonly<Record<string, string>>, auth: object = {}) =>
    new Promise<Line>((resolve, reject) => {
      const line: Line = io(`${url}/terminals`, {
        ...{ transports: ['websocket'], forceNew: true, reconnection: false, auth, extraHeaders: headers },
      })
      lines.push(line)
      line.once('connect', () => resolve(line)).once('connect_error', reject)
    })

  it('is told by the configured cookie alone, in the open and behind TLS', async () => {
    for (const [at, { url, origin, name, other }] of ways().entries()) {
      const ann = await cookieOf(url, origin, 'sign-up', `ann${at}@example.org`)
      const cookie = `${name}=${ann}`
      expect(await me(url, { cookie })).toBe(`ann${at}@example.org`)
      // Whoever chooses the other cookie must not choose what the answer is remembered under.
      const chosen = 'chosen-by-an-attacker'
      expect(await me(url, { cookie: `${other}=${chosen}; ${cookie}` })).toBe(`ann${at}@example.org`)
      expect(await me(url, { authorization: `Bearer ${chosen}` })).toBe(401)
      expect(await me(url, { cookie: `${other}=${chosen}` })).toBe(401)
      expect(await me(url, { cookie: `${other}=${ann}` })).toBe(401)
      // A session is no key, and the other way round.
      expect(await me(url, { authorization: `Bearer ${ann}` })).toBe(401)
      const made = await new TestClient(url, { cookie, origin }).call('POST', '/api/v1/keys', { name: 'k' })
      expect(made.status).toBe(201)
      expect(await me(url, { authorization: `Bearer ${made.body.key}` })).toBe('key')
      expect(await me(url, { cookie: `${name}=${made.body.key}` })).toBe(401)
      // Both together: the key decides, good or not.
      expect(await me(url, { cookie, authorization: `Bearer ${made.body.key}` })).toBe('key')
      expect(await me(url, { cookie, authorization: 'Bearer junk' })).toBe(401)
      expect(await me(url, { cookie, authorization: 'Basic junk' })).toBe(`ann${at}@example.org`)
      // The same cookie twice is refused: another program could take the other one.
      const second = await cookieOf(url, origin, 'sign-up', `ben${at}@example.org`)
      expect(await me(url, { cookie: `${cookie}; ${name}=${second}` })).toBe(400)
      expect(await me(url, { cookie: `${name}=${second}; ${cookie}` })).toBe(400)
    }
  })

  it('is told in the same way in the handshake of a socket', async () => {
    for (const { url, origin, name, other } of ways()) {
      const ann = await cookieOf(
        url,
        origin,
        'sign-in',
        origin.startsWith('https') ? 'ann1@example.org' : 'ann0@example.org',
      )
      const cookie = `${name}=${ann}`
      const chosen = 'chosen-by-an-attacker'
      await socketOf(url, { origin, cookie: `${other}=${chosen}; ${cookie}` })
      await expect(socketOf(url, {}, { token: chosen })).rejects.toThrow(/unknown/)
      await expect(socketOf(url, {}, { token: ann })).rejects.toThrow(/unknown/)
      await expect(socketOf(url, { origin, cookie: `${other}=${ann}` })).rejects.toThrow(/sign in/)
      await expect(socketOf(url, { origin, cookie: `${cookie}; ${name}=x` })).rejects.toThrow()
      await expect(socketOf(url, { cookie })).rejects.toThrow()
      await expect(socketOf(url, { origin, cookie }, { token: 17 })).rejects.toThrow()
      await expect(socketOf(url, { origin, cookie }, { token: 'junk' })).rejects.toThrow(/unknown/)
      await expect(socketOf(url, { authorization: 'Bearer one' }, { token: 'two' })).rejects.toThrow(/two/)
    }
  })

  it('is told by one header, not by two of the same name', async () => {
    const { hostname, port } = new URL(open.url)
    const socket = connectTcp(Number(port), hostname)
    await once(socket, 'connect')
    const key = 'clk_anything'
    const keys = `Authorization: Bearer ${key}\r\nAuthorization: Bearer other\r\n`
    socket.write(`GET /api/v1/me HTTP/1.1\r\nHost: ${hostname}\r\n${keys}Connection: close\r\n\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*invalid_request/s)
  })

  it('does not let a page of another origin act because it sends a junk key', async () => {
    for (const [at, { url, origin, name }] of ways().entries()) {
      const cookie = `${name}=${await cookieOf(url, origin, 'sign-in', `ann${at}@example.org`)}`
      const foreign = { origin: 'https://evil.example', cookie }
      const post = async (path: string, headers: object) =>
        (await new TestClient(url, { ...foreign, ...headers }).call('POST', path, {})).status
      for (const authorization of ['Basic junk', 'Bearer', 'junk']) {
        expect(await post('/api/v1/keys', { authorization })).toBe(403)
      }
      expect(await post('/api/v1/keys', { authorization: 'Bearer junk' })).toBe(401)
      const made = await new TestClient(url, { origin, cookie }).call('POST', '/api/v1/keys', { name: 'k' })
      const key = `Bearer ${made.body.key}`
      expect(await post('/api/v1/sandboxes/sb_x/pause', { authorization: key })).not.toBe(403)
      expect(await post('/api/auth/sign-out', { authorization: key })).toBe(403)
      expect(await me(url, { cookie })).toBe(`ann${at}@example.org`)
    }
  })

  describe('ends', () => {
    const password = 'correct horse battery'
    const rows = async (sql: string, values: unknown[] = []) => {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        return (await client.query(sql, values)).rows
      } finally {
        await client.end()
      }
    }
    /** A tenant of an owner with an admin who has made a key. */
    const team = async (name: string) => {
      const owner = await TestClient.signUp(open.url, `${name}-owner@example.org`)
      const email = `${name}@example.org`
      const admin = await TestClient.signUp(open.url, email)
      const { body: invited } = await owner.call('POST', '/api/v1/invitations', { email, role: 'admin' })
      const secret = new URL(invited.url).hash.slice(1)
      const joined = await admin.call('POST', '/api/v1/invitations/accept', { secret })
      expect(joined.status).toBe(200)
      const made = await admin.call('POST', '/api/v1/keys', { name: 'program' })
      expect(made.body).toMatchObject({ createdBy: { email, userId: joined.body.user.id } })
      const key = TestClient.withKey(open.url, made.body.key)
      return { owner, admin, email, userId: joined.body.user.id, key, token: made.body.key }
    }

    it('with the membership: keys are revoked, sockets closed, and the remover is told', async () => {
      const { owner, admin, key, token, userId } = await team('cat')
      const { keys } = (await owner.call('GET', '/api/v1/keys')).body
      expect(keys).toMatchObject([{ createdBy: { userId } }])
      const sockets = [await socketOf(open.url, admin.extraHeaders), await socketOf(open.url, {}, { token })]
      const removed = await owner.call('DELETE', `/api/v1/members/${userId}`)
      expect(removed).toMatchObject({ status: 200, body: { keysRevoked: 1, keysTransferred: 0 } })
      expect((await key.call('GET', '/api/v1/me')).status).toBe(401)
      expect((await owner.call('GET', '/api/v1/keys')).body.keys).toEqual([])
      for (const line of sockets) await expect.poll(() => line.connected, { timeout: 3000 }).toBe(false)
      const log = (await owner.call('GET', '/api/v1/audit')).body.items[0]
      expect(log).toMatchObject({ action: 'member.remove', detail: { keysRevoked: [keys[0].id] } })
    })

    it('with the membership, but the keys go on when the remover takes them over', async () => {
      const { owner, key, userId } = await team('dan')
      const path = `/api/v1/members/${userId}?keys=transfer`
      expect((await owner.call('DELETE', path)).body).toEqual({ keysRevoked: 0, keysTransferred: 1 })
      expect((await key.call('GET', '/api/v1/me')).status).toBe(200)
      const { keys } = (await owner.call('GET', '/api/v1/keys')).body
      expect(keys).toMatchObject([{ createdBy: { email: 'dan-owner@example.org' } }])
      const self = (await owner.call('GET', '/api/v1/me')).body.user.id
      expect((await owner.call('DELETE', `/api/v1/members/${self}?keys=transfer`)).status).toBe(400)
    })

    it('with a membership that is gone from the database alone, or with the account', async () => {
      const { owner, key, userId, token } = await team('eli')
      const line = await socketOf(open.url, {}, { token })
      await rows('DELETE FROM member WHERE "userId" = $1', [userId])
      await expect.poll(() => line.connected, { timeout: 20_000 }).toBe(false)
      await expect
        .poll(async () => (await key.call('GET', '/api/v1/me')).status, { timeout: 20_000 })
        .toBe(401)
      await rows('DELETE FROM "user" WHERE id = $1', [userId])
      expect((await owner.call('GET', '/api/v1/keys')).body.keys).toEqual([])
    })

    it('with the role: what a key may read is what its creator may', async () => {
      const { owner, key, userId } = await team('fay')
      const reads = async () =>
        Promise.all(
          ['/api/v1/audit', '/api/v1/runs/callback-secret'].map(
            async (path) => (await key.call('GET', path)).status,
          ),
        )
      expect(await reads()).toEqual([200, 200])
      await owner.call('PATCH', `/api/v1/members/${userId}`, { role: 'member' })
      expect(await reads()).toEqual([403, 403])
      expect((await key.call('GET', '/api/v1/me')).status).toBe(200)
    })

    it('with the key: its sockets are closed', async () => {
      const { owner, token } = await team('gus')
      const line = await socketOf(open.url, {}, { token })
      const [{ id }] = (await owner.call('GET', '/api/v1/keys')).body.keys
      await owner.call('DELETE', `/api/v1/keys/${id}`)
      await expect.poll(() => line.connected, { timeout: 3000 }).toBe(false)
    })

    it('with the password: other sessions end with their sockets, and the one that changed it goes on', async () => {
      const { admin, email } = await team('hal')
      const elsewhere = await TestClient.signIn(open.url, email, password)
      const there = await socketOf(open.url, elsewhere.extraHeaders)
      const here = await socketOf(open.url, admin.extraHeaders)
      const before = (await admin.call('GET', '/api/v1/me')).body.tenant.id
      const change = { currentPassword: password, newPassword: 'another horse battery' }
      expect((await admin.call('PUT', '/api/v1/account/password', change)).status).toBe(204)
      expect((await elsewhere.call('GET', '/api/v1/me')).status).toBe(401)
      await expect.poll(() => there.connected, { timeout: 3000 }).toBe(false)
      expect((await admin.call('GET', '/api/v1/me')).body.tenant.id).toBe(before)
      expect(here.connected).toBe(true)
    })

    it('for nobody else: what anonymous callers and others do leaves what is remembered of a caller', async () => {
      const { admin, userId } = await team('ivy')
      await admin.call('GET', '/api/v1/me')
      // As long as it is remembered, a change that nobody tells of is not seen.
      await rows('ALTER TABLE session DISABLE TRIGGER tell_session_ended')
      await rows('DELETE FROM session WHERE "userId" = $1', [userId])
      await rows('ALTER TABLE session ENABLE TRIGGER tell_session_ended')
      const nobody = new TestClient(open.url, { origin: open.url })
      await nobody.call('POST', '/api/auth/sign-out', {})
      const other = await TestClient.signUp(open.url, 'jon@example.org')
      await other.call('POST', '/api/auth/sign-out', {})
      expect((await admin.call('GET', '/api/v1/me')).status).toBe(200)
    })
  })

  it('is not guessed: attempts wait longer and longer, and only whoever guesses waits', async () => {
    const password = 'correct horse battery'
    const ann = await TestClient.signUp(open.url, 'slow@example.org')
    await TestClient.signUp(open.url, 'mate@example.org')
    const device = ann.extraHeaders.cookie ?? ''
    expect(device).toContain('cloche.device=')
    const nobody = new TestClient(open.url, { origin: open.url })
    const signIn = async (email: string, tried: string, headers = {}) =>
      nobody.call('POST', '/api/auth/sign-in/email', { email, password: tried }, headers)
    for (const email of ['slow@example.org', 'who-is-that@example.org']) {
      const flood = Array.from({ length: 20 }, () => signIn(email, 'not the password'))
      // Classmates behind the same address, and her own browser, do not notice.
      expect((await signIn('mate@example.org', password)).status).toBe(200)
      expect((await signIn('slow@example.org', password, { cookie: device })).status).toBe(200)
      const answers = await Promise.all(flood)
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(5)
      expect(statuses.filter((status) => status === 401).length).toBeLessThan(12)
      const late = answers.find(({ status }) => status === 429)
      expect(late?.body.code).toBe('rate_limited')
      expect(Number(late?.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // After the flood the right password is let through from anywhere.
    await expect
      .poll(async () => (await signIn('slow@example.org', password)).status, { timeout: 40_000 })
      .toBe(200)
  })

  it('is answered under known names of the host only', async () => {
    const get = async (host: string, path = '/api/openapi.json', url = open.url) => {
      const { hostname, port } = new URL(url)
      const socket = connectTcp(Number(port), hostname)
      await once(socket, 'connect')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      return (await text(socket)).slice(0, 12)
    }
    for (const host of ['localhost', '127.0.0.1:1', '[::1]:3000', 'LOCALHOST:80'])
      expect(await get(host)).toContain('200')
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost evil',
      '',
      '10.0.0.1',
      'localhost:80:1',
    ]) {
      expect(await get(host)).toContain('400')
    }
    expect(await get('balancer', '/healthz')).not.toContain('400')
    expect(await get('cloche.example', '/api/openapi.json', tls.url)).toContain('200')
    expect(await get('cloche.example')).toContain('400')
  })

  it('is told soon: sockets of callers who say nothing, or are refused, are closed', async () => {
    const ends = (path: string, auth: object = {}) =>
      new Promise<void>((resolve, reject) => {
        const line: Line = io(`${open.url}${path}`, {
          ...{ transports: ['websocket'], forceNew: true, reconnection: false, auth },
        })
        lines.push(line)
        line.io.on('close', () => resolve())
        line.io.on('error', reject)
      })
    await ends('/')
    await ends('/terminals')
    await ends('/terminals', { token: 'clk_wrong' })
    const { hostname, port } = new URL(open.url)
    const silent = connectTcp(Number(port), hostname)
    await once(silent, 'connect')
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    silent.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}\r\n${upgrade}\r\n`)
    expect(await text(silent)).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('does not matter to a caller that sends too slowly: headers and bodies have a pace', async () => {
    const owner = await TestClient.signUp(open.url, 'pace@example.org')
    const { key } = (await owner.call('POST', '/api/v1/keys', { name: 'k' })).body
    const { hostname, port } = new URL(open.url)
    const dribble = async (head: string, piece: string) => {
      const socket = connectTcp(Number(port), hostname)
      socket.on('error', () => {})
      await once(socket, 'connect')
      socket.write(head)
      const timer = setInterval(() => socket.write(piece), 500)
      socket.resume()
      await once(socket, 'close')
      clearInterval(timer)
    }
    const post = `POST /api/v1/runs HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`
    await Promise.all([dribble('GET /healthz HTTP/1.1\r\n', 'X: y\r\n'), dribble(post, ' ')])
  })
})
