import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, type Sandbox } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'

/** What a tenant's app may do; every path is one habit. */
const app = `
import asyncio, base64, hashlib, json
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b'\\r\\n\\r\\n')).decode('latin1').split('\\r\\n')
            method, path, _ = head[0].split(' ')
            headers = [line.split(': ', 1) for line in head[1:] if line]
            known = {name.lower(): value for name, value in headers}
            say = lambda *lines: writer.write(('\\r\\n'.join(lines) + '\\r\\n\\r\\n').encode())
            if path == '/socket':
                key = known['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
                accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
                say('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: ' + accept)
                while True:
                    _, length = await reader.readexactly(2)
                    mask = await reader.readexactly(4)
                    data = await reader.readexactly(length & 127)
                    data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
                    writer.write(bytes([0x81, len(data)]) + data)
            elif path == '/events':
                say('HTTP/1.1 200 OK', 'Content-Type: text/event-stream')
                await asyncio.sleep(3600)
            elif path == '/big':
                say('HTTP/1.1 200 OK', 'Content-Length: ' + str(64 << 20))
                for _ in range(1024):
                    writer.write(b'x' * 65536)
                    await writer.drain()
            elif path == '/cookies':
                say('HTTP/1.1 200 OK', 'Content-Length: 0', 'Set-Cookie: a=1; Domain=localhost; Path=/', 'Set-Cookie: cloche-preview=mine',
                    'Set-Cookie: cloche.session_token=mine; Path=/', 'Clear-Site-Data: "cookies"')
            else:
                digest, left = hashlib.sha256(), int(known.get('content-length', 0))
                while left > 0:
                    part = await reader.read(min(left, 65536))
                    digest.update(part)
                    left -= len(part)
                body = json.dumps({'method': method, 'path': path, 'headers': headers, 'sha256': digest.hexdigest()})
                say('HTTP/1.1 200 OK', 'Content-Length: ' + str(len(body)), 'Content-Type: application/json')
                writer.write(body.encode())
            await writer.drain()
    except Exception: writer.close()
async def garbage(reader, writer):
    await reader.read(100)
    writer.write(b'220 mail.example.org ESMTP\\r\\n')
    writer.close()
evil = [b'HTTP/1.1 099 Low\\r\\n\\r\\n', b'HTTP/1.1 000 Zero\\r\\n\\r\\n', b'HTTP/1.1 101 Surprise\\r\\nUpgrade: x\\r\\nConnection: upgrade\\r\\n\\r\\nbytes',
    b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n', b'HTTP/1.1 200 OK\\r\\nX: ' + b'y' * 200000 + b'\\r\\n\\r\\n',
    b'HTTP/1.1 200 OK\\r\\nX: \\xff\\xfe\\x01\\r\\n\\r\\n', b'HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nshort', b'HTTP/1.1 103 Hints\\r\\n\\r\\n' * 1000, b'',
    b'HTTP/1.1 200 OK\\r\\nContent-Length: -1\\r\\n\\r\\n', b'HTTP/1.1 204 No\\r\\nContent-Length: 7\\r\\n\\r\\nunasked', b'HTTP/1.1 999 High\\xff\\r\\nContent-Length: 0\\r\\n\\r\\n']
async def hostile(reader, writer):
    head = await reader.readuntil(b'\\r\\n\\r\\n')
    writer.write(evil[int(head.split(b' ')[1][1:])])
    writer.close()
async def never(reader, writer): await asyncio.sleep(3600)
async def main():
    await asyncio.start_server(serve, '127.0.0.1', 8000)
    await asyncio.start_server(garbage, '127.0.0.1', 8001)
    await asyncio.start_server(never, '127.0.0.1', 8002)
    await asyncio.start_server(hostile, '127.0.0.1', 8003)
    await asyncio.Event().wait()
asyncio.run(main())`

type Headers = Readonly<Record<string, string>>
const page: Headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('a preview', { timeout: 30_000 }, () => {
  let instance: Instance
  let sandbox: Sandbox
  let key: Headers
  let owner: TestClient
  let strangerKey: Headers
  let stranger: TestClient
  let running: ReadonlyMap<string, number>

  /** Asks the server by whatever name. */
  const ask = (path: string, headers: Headers, body?: Buffer, method = body === undefined ? 'GET' : 'PUT') =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { hostname, port } = new URL(instance.url)
      const outgoing = request({ hostname, port, method, path, headers, agent: false }, resolve)
      outgoing.once('upgrade', (answer, line) => {
        line.destroy()
        resolve(answer)
      })
      outgoing.once('error', reject).end(body)
    })
  const host = (port: number) => `${port}-${sandbox.id.slice(3)}.localhost:${new URL(instance.url).port}`
  const at = (port: number, path: string, headers: Headers = {}) =>
    ask(path, { host: host(port), ...headers })
  const byHeaders = (port: number): Headers => ({ 'cloche-sandbox': sandbox.id, 'cloche-port': String(port) })
  const cookieOf = (answer: IncomingMessage) =>
    (answer.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ')
  const json = async (answer: IncomingMessage) => JSON.parse(await text(answer))
  const problem = async (answer: IncomingMessage) => ({
    status: answer.statusCode,
    code: (await json(answer)).code,
  })
  const sessionOf = (client: TestClient): Headers => ({ cookie: client.extraHeaders.cookie ?? '' })
  const pathOf = (url: string | undefined) => {
    const { pathname, search } = new URL(url ?? '', instance.url)
    return pathname + search
  }

  /** From the preview to the platform, and back with a code. */
  const handOver = async (client: TestClient, port = 8000, path = '/deep?x=1') => {
    const sent = await at(port, path, page)
    expect(sent.statusCode).toBe(303)
    const state = cookieOf(sent)
    const back = await ask(pathOf(sent.headers.location), { ...page, ...sessionOf(client) })
    return { state, back, location: back.headers.location ?? '' }
  }
  const enter = async (client: TestClient, port = 8000) => {
    const { state, location } = await handOver(client, port)
    const entered = await at(port, pathOf(location), { ...page, cookie: state })
    expect(entered.statusCode).toBe(303)
    return { cookie: cookieOf(entered), state, location, entered }
  }

  beforeAll(async () => {
    instance = await openInstance('prev', { CLOCHE_PREVIEW_TIMEOUT_SECONDS: '1' })
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    stranger = await TestClient.signUp(instance.url, 'stranger@example.org')
    const made = (await owner.call('POST', '/api/v1/keys', { name: 'previews' })).body.key
    key = { authorization: `Bearer ${made}` }
    const other = (await stranger.call('POST', '/api/v1/keys', { name: 'stranger' })).body.key
    strangerKey = { authorization: `Bearer ${other}` }
    const cloche = new Cloche({ url: instance.url, apiKey: made })
    sandbox = await cloche.sandboxes.create({
      limits: { memoryMiB: 256, diskMiB: 64, pids: 64 },
      network: 'none',
    })
    await sandbox.processes.start(['python3', '-c', app])
    for (let tries = 0; (await sandbox.ports.list()).length < 4; tries++) {
      if (tries > 200) throw new Error('the app does not listen')
      await sleep(50)
    }
    running = await instance.processes()
  }, 120_000)
  afterAll(() => instance?.[Symbol.asyncDispose]())

  it('has an origin of its own, which the list of ports tells', async () => {
    const [first] = await sandbox.ports.list()
    expect(first).toEqual({
      ...{ port: 8000, address: '127.0.0.1', process: 'python3', url: `http://${host(8000)}` },
      ...{ visibility: 'private', expiresAt: null },
    })
  })

  it('is opened by programs with a key, which the app does not see', async () => {
    const sent = await ask('/some/path?q=%20', {
      ...{ ...byHeaders(8000), ...key, 'x-custom': 'yes', 'x-forwarded-for': '8.8.8.8' },
      cookie: 'own=1; cloche.session_token=secret; cloche-preview=secret',
    })
    expect(sent.headers).toMatchObject({
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
    })
    const told = await json(sent)
    expect(told).toMatchObject({ method: 'GET', path: '/some/path?q=%20' })
    const headers = new Map<string, string>(
      told.headers.map(([name = '', value = '']) => [name.toLowerCase(), value]),
    )
    expect(headers.get('x-custom')).toBe('yes')
    expect(headers.get('host')).toBe('localhost:8000')
    expect(headers.get('cookie')).toBe('own=1')
    expect(headers.get('x-forwarded-for')).toBe('127.0.0.1')
    for (const hidden of ['authorization', 'cloche-sandbox', 'cloche-port'])
      expect(headers.has(hidden)).toBe(false)
    const own = await at(8000, '/', { ...key })
    expect((await json(own)).headers.flat()).not.toContain(key.authorization)
  })

  it('is closed to everybody else, and cannot be told from one that never was', async () => {
    expect(await problem(await ask('/', byHeaders(8000)))).toEqual({ status: 401, code: 'unauthenticated' })
    expect(await problem(await ask('/', { ...byHeaders(8000), ...sessionOf(owner) }))).toMatchObject({
      status: 401,
    })
    expect(await problem(await ask('/', { ...byHeaders(8000), ...strangerKey }))).toEqual({
      status: 404,
      code: 'not_found',
    })
    expect(await problem(await at(8000, '/'))).toEqual({ status: 401, code: 'unauthenticated' })
    const never = { host: `8000-${'0'.repeat(20)}.localhost` }
    expect(await problem(await ask('/', never))).toEqual({ status: 401, code: 'unauthenticated' })
    expect(await text(await ask('/', never))).toBe(await text(await at(8000, '/')))
  })

  it('passes large bodies both ways', async () => {
    const body = Buffer.alloc(24 * 1024 * 1024, 'abcdefg')
    const answer = await ask('/', { ...byHeaders(8000), ...key }, body)
    expect((await json(answer)).sha256).toBe(createHash('sha256').update(body).digest('hex'))
    let bytes = 0
    for await (const part of await ask('/big', { ...byHeaders(8000), ...key })) bytes += part.length
    expect(bytes).toBe(64 * 1024 * 1024)
  })

  it('is opened by a member through the platform, with a cookie of its own that the app does not see', async () => {
    const { cookie, entered } = await enter(owner)
    expect(entered.headers).toMatchObject({ location: '/deep?x=1', 'referrer-policy': 'no-referrer' })
    const [attributes] = entered.headers['set-cookie'] ?? []
    expect(attributes).toMatch(/; HttpOnly; SameSite=Lax$/)
    expect(attributes).not.toMatch(/domain/i)
    const seen = await at(8000, '/deep', { ...page, cookie: `mine=1; ${cookie}` })
    expect(seen.headers['content-security-policy']).toBe(`frame-ancestors 'self' ${instance.url}`)
    const { headers } = await json(seen)
    expect(headers.filter(([name = '']) => name.toLowerCase() === 'cookie')).toEqual([['cookie', 'mine=1']])
    // The cookie is of one port.
    expect((await at(8001, '/', { cookie })).statusCode).toBe(401)
    expect((await ask('/', { ...byHeaders(8000), cookie })).statusCode).toBe(401)
  })

  it('gives no way in but to the browser of a member, once', async () => {
    const sent = await at(8000, '/', page)
    const signIn = await ask(pathOf(sent.headers.location), page)
    expect(signIn.headers.location).toMatch(/^\/sign-in\?next=%2Fapi%2Fpreviews%2Fopen/)
    expect((await handOver(stranger)).back.statusCode).toBe(404)
    const background = { ...sessionOf(owner), 'sec-fetch-dest': 'empty' }
    expect((await ask(pathOf(sent.headers.location), background)).statusCode).toBe(403)
    const { state, location } = await handOver(owner)
    expect((await at(8000, pathOf(location), page)).statusCode).toBe(403)
    const other = cookieOf(await at(8000, '/', page))
    expect((await at(8000, pathOf(location), { ...page, cookie: other })).statusCode).toBe(403)
    expect((await at(8001, pathOf(location), { ...page, cookie: state })).statusCode).toBe(403)
    expect((await at(8000, pathOf(location), { ...page, cookie: state })).statusCode).toBe(303)
    expect((await at(8000, pathOf(location), { ...page, cookie: state })).statusCode).toBe(403)
  })

  it('ends with the session that it was opened from', async () => {
    const once = await TestClient.signIn(instance.url, 'owner@example.org', 'correct horse battery')
    const { cookie } = await enter(once)
    const events = await at(8000, '/events', { cookie })
    expect(events.statusCode).toBe(200)
    const ended = new Promise((resolve) => events.once('close', resolve))
    events.on('error', () => {}).resume()
    expect((await once.call('POST', '/api/auth/sign-out', {})).status).toBe(200)
    await ended
    expect((await at(8000, '/', { cookie })).statusCode).toBe(401)
  })

  it('is opened in a frame of the platform, with cookies that are for such frames only', async () => {
    const frame = { ...page, 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' }
    const sent = await at(8000, '/', frame)
    expect(sent.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=None; Secure; Partitioned$/)
    const back = await ask(pathOf(sent.headers.location ?? ''), { ...sessionOf(owner), ...frame })
    const { location = '' } = back.headers
    const entered = await at(8000, pathOf(location), { ...frame, cookie: cookieOf(sent) })
    expect(entered.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=None; Secure; Partitioned$/)
    expect((await at(8000, '/', { ...frame, cookie: cookieOf(entered) })).statusCode).toBe(200)
  })

  it('is not used by pages of other origins with the cookie of a visitor', async () => {
    const { cookie } = await enter(owner)
    const from = (origin: string) => at(8000, '/', { cookie, origin })
    expect((await from(`http://${host(8000)}`)).statusCode).toBe(200)
    expect((await from(`http://${host(8001)}`)).statusCode).toBe(200)
    expect((await from(`http://8000-${'0'.repeat(20)}.localhost`)).statusCode).toBe(403)
    expect((await from(instance.url)).statusCode).toBe(403)
    expect(
      (await at(8000, '/', { cookie, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }))
        .statusCode,
    ).toBe(403)
    expect((await at(8000, '/', { cookie, ...page, 'sec-fetch-site': 'cross-site' })).statusCode).toBe(200)
  })

  it('sets cookies of its own host only, and none of the platform', async () => {
    const { headers } = await ask('/cookies', { ...byHeaders(8000), ...key })
    expect(headers['set-cookie']).toEqual(['a=1; Path=/'])
    expect(headers['clear-site-data']).toBeUndefined()
  })

  it('passes WebSockets, and sends the head of an event stream before its first event', async () => {
    const { cookie } = await enter(owner)
    const socket = await new Promise<Duplex>((resolve, reject) => {
      const { hostname, port } = new URL(instance.url)
      const headers = {
        ...{ host: host(8000), cookie, origin: `http://${host(8000)}`, connection: 'Upgrade' },
        ...{
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      }
      request({ hostname, port, path: '/socket', headers, agent: false })
        .once('upgrade', (answer, line) => {
          expect(answer.headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
          resolve(line)
        })
        .once('response', (answer) => reject(new Error(`${answer.statusCode}`)))
        .once('error', reject)
        .end()
    })
    for (const word of ['hello', 'again']) {
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | word.length, 0, 0, 0, 0]), Buffer.from(word)]))
      const [frame] = await new Promise<Buffer[]>((resolve) => socket.once('data', (part) => resolve([part])))
      expect(frame?.subarray(2).toString()).toBe(word)
    }
    socket.destroy()
    const events = await at(8000, '/events', { cookie })
    expect(events.headers['content-type']).toBe('text/event-stream')
    events.destroy()
  })

  it('shares at most 100 ports of a sandbox, also when many are shared at once', async () => {
    const path = (port: number) => `/api/v1/sandboxes/${sandbox.id}/ports/${port}`
    const share = (port: number) => owner.call('PUT', path(port), { visibility: 'tenant' })
    const ports = Array.from({ length: 130 }, (_, at) => 20_000 + at)
    for (const port of ports.slice(0, 98)) expect((await share(port)).status).toBe(200)
    const answers = await Promise.all(ports.slice(98).map(share))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    expect(answers.find(({ status }) => status !== 200)).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
    // One that is shared already is changed, whatever their number.
    expect((await owner.call('PUT', path(20_000), { visibility: 'public' })).status).toBe(200)
    for (const port of ports) await owner.call('PUT', path(port), { visibility: 'private' })
  })

  it('is open to anybody while it is shared, and cuts them off when it is not', async () => {
    const { cookie } = await enter(owner)
    const { url } = await sandbox.ports.share(8000)
    expect(url).toBe(`http://${host(8000)}`)
    const open = async (headers: Headers = {}) => {
      const events = await at(8000, '/events', headers)
      expect(events.statusCode).toBe(200)
      events.on('error', () => {}).resume()
      return { events, ended: new Promise((resolve) => events.once('close', resolve)) }
    }
    const [anybody, member] = [await open(), await open({ cookie })]
    await sandbox.ports.unshare(8000)
    await anybody.ended
    expect(member.events.destroyed).toBe(false)
    member.events.destroy()
    expect((await at(8000, '/')).statusCode).toBe(401)
    await sandbox.ports.share(8000, { expiresAt: new Date(Date.now() + 1500) })
    await (await open()).ended
    expect((await at(8000, '/')).statusCode).toBe(401)
    expect((await sandbox.ports.list())[0]?.visibility).toBe('private')
    const past = { visibility: 'public', expiresAt: '2020-01-01T00:00:00Z' }
    const path = `/api/v1/sandboxes/${sandbox.id}/ports/8000`
    expect((await owner.call('PUT', path, past)).status).toBe(400)
    expect((await stranger.call('PUT', path, { visibility: 'public' })).status).toBe(404)
  })

  it('is open to guests who may type, while the share lasts and the port is for whoever works there', async () => {
    const guest = await TestClient.signUp(instance.url, 'guest@example.org')
    const shares = `/api/v1/sandboxes/${sandbox.id}/shares`
    const share = async (level: string) => {
      const { body } = await owner.call('POST', shares, { level })
      const secret = new URL(body.url).hash.slice(1)
      await guest.call('POST', '/api/v1/shares/accept', { secret })
      return `/api/v1/shares/${body.id}`
    }
    const port = (visibility: string) =>
      owner.call('PUT', `/api/v1/sandboxes/${sandbox.id}/ports/8000`, { visibility })
    const events = async (cookie: string) => {
      const answer = await at(8000, '/events', { cookie })
      answer.on('error', () => {}).resume()
      const ended = new Promise((resolve) => answer.once('close', resolve))
      return { status: answer.statusCode, ended }
    }
    /** As a page, which says it also in a frame. */
    const isRefused = async () => {
      const { back } = await handOver(guest)
      expect([back.statusCode, back.headers['content-type']]).toEqual([
        403,
        expect.stringMatching(/^text\/html/),
      ])
    }
    const looking = await share('look')
    await isRefused()

    await owner.call('PATCH', looking, { level: 'type' })
    const { cookie } = await enter(guest)
    const seen = await at(8000, '/deep', { ...page, cookie })
    expect(seen.headers['content-security-policy']).toBe(`frame-ancestors 'self' ${instance.url}`)
    expect((await json(seen)).path).toBe('/deep')
    expect((await at(8001, '/', { cookie })).statusCode).toBe(401)
    // Neither a key of theirs nor a preview of another sandbox opens by it.
    const made = (await guest.call('POST', '/api/v1/keys', { name: 'guest' })).body.key
    expect((await at(8000, '/', { authorization: `Bearer ${made}` })).statusCode).toBe(404)

    const lowered = await events(cookie)
    expect(lowered.status).toBe(200)
    await owner.call('PATCH', looking, { level: 'look' })
    await lowered.ended
    expect((await at(8000, '/', { cookie })).statusCode).toBe(401)

    const typing = await share('type')
    const closed = await events(cookie)
    expect(closed.status).toBe(200)
    await port('tenant')
    await closed.ended
    expect((await at(8000, '/', { cookie })).statusCode).toBe(401)
    await isRefused()
    await port('private')

    const stopped = await events(cookie)
    expect(stopped.status).toBe(200)
    await owner.call('DELETE', typing)
    await stopped.ended
    await owner.call('DELETE', looking)
    expect((await at(8000, '/', { cookie })).statusCode).toBe(401)
    expect((await handOver(guest)).back.statusCode).toBe(404)
  })

  it.each(Array.from({ length: 12 }, (_, at) => at))(
    'survives an app that breaks the rules of HTTP: %i',
    async (at) => {
      const upgrade = { connection: 'upgrade', upgrade: 'x' }
      const headers = { ...byHeaders(8003), ...key }
      for (const more of [{}, upgrade, {}]) {
        const answer = await ask(`/${at}`, { ...headers, ...more }).catch((error: Error) => error.message)
        if (typeof answer !== 'string') await text(answer).catch(() => {})
      }
      const slow = await ask(`/${at}`, headers, Buffer.alloc(1024)).catch((error: Error) => error.message)
      if (typeof slow !== 'string') await text(slow).catch(() => {})
      expect((await ask('/', { ...byHeaders(8000), ...key })).statusCode).toBe(200)
      expect(await instance.processes()).toEqual(running)
    },
  )

  it('says what is wrong with the app: as a page to a person, as a problem to a program', async () => {
    const program = async (port: number) => problem(await ask('/', { ...byHeaders(port), ...key }))
    expect(await program(9999)).toEqual({ status: 502, code: 'port_unreachable' })
    expect(await program(8001)).toEqual({ status: 502, code: 'port_unreachable' })
    expect(await program(8002)).toEqual({ status: 504, code: 'port_timeout' })
    const person = await at(9999, '/', { ...page, ...key })
    expect(person.headers['content-type']).toContain('text/html')
    expect(await text(person)).toContain('nothing listens on port 9999')
    const chinese = await at(9999, '/', { ...page, ...key, 'accept-language': 'zh-CN,zh;q=0.9' })
    expect(chinese.headers).toMatchObject({ 'content-language': 'zh-CN', vary: 'Accept-Language' })
    expect(await text(chinese)).toMatch(/<html lang="zh-CN">.*<h1>端口没有响应<\/h1>/s)
    await sandbox.pause()
    expect(await program(8000)).toEqual({ status: 409, code: 'sandbox_not_running' })
    await sandbox.resume()
    expect((await ask('/', { ...byHeaders(8000), ...key })).statusCode).toBe(200)
  })
})
