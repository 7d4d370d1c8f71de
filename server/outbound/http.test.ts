import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { allowed } from './address.js'
import { Outbound, OutboundRefused } from './http.js'
import { addressesOf } from './lookup.js'
import { TooLong, wholeOf } from './text.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function listening(answer: RequestListener) {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
}
const outboundTo = (...plain: string[]) =>
  new Outbound({ allow: allowed(['127.0.0.0/8']), plain: new Set(plain) })
const { signal } = new AbortController()

describe('a call to a host that a tenant names', () => {
  it.each(['a stream', 'a buffer'])(
    'with %s fails when the host switches to another protocol',
    async (what) => {
      const { port } = await listening((request) => {
        request.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
      })
      const body = what === 'a buffer' ? Buffer.from('abc') : Readable.from(['abc'])
      const headers = { 'content-length': 3 }
      const url = new URL(`http://127.0.0.1:${port}/`)
      const call = outboundTo(url.host).send(url, { method: 'PUT', body, headers, signal })
      await expect(call).rejects.toThrow(`${url.host} closed the connection`)
    },
  )

  it('ends with its signal, also while an answer is coming that does not end', async () => {
    const { port } = await listening((_, response) => void response.writeHead(200).write('x'))
    const url = new URL(`http://127.0.0.1:${port}/`)
    const stop = new AbortController()
    const { body } = await outboundTo(url.host).send(url, { method: 'GET', signal: stop.signal })
    const closed = new Promise((resolve) => body.once('close', resolve))
    stop.abort()
    await closed
  })

  it('is refused when the host has more addresses than anybody looks at', async () => {
    const many = Array.from({ length: 33 }, (_, i) => `198.51.100.${i}`)
    const rules = { allow: allowed([]), plain: new Set<string>() }
    const call = new Outbound(rules, async () => many).send(new URL('https://many.example.org/'), {
      ...{ method: 'GET', signal },
    })
    await expect(call).rejects.toThrow(/many\.example\.org has more than 32 addresses/)
  })

  it('does not tell which private address a name has', async () => {
    const rules = { allow: allowed([]), plain: new Set<string>() }
    const call = new Outbound(rules, async () => ['198.51.100.1', '10.1.2.3']).send(
      new URL('https://inside.example.org/'),
      { method: 'GET', signal },
    )
    const error: unknown = await call.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OutboundRefused)
    expect(error).toMatchObject({ detail: '10.1.2.3', message: expect.not.stringContaining('10.1.2.3') })
  })

  it('goes without TLS to the port 80 that an operator has named', () => {
    const outbound = outboundTo('reg:80')
    expect(() => outbound.assertMay(new URL('/v2/', outbound.originOf('reg:80')))).not.toThrow()
    expect(() => outbound.assertMay(new URL('http://reg:81/'))).toThrow(/without TLS/)
    expect(outbound.originOf('reg')).toBe('https://reg')
  })
})

describe('the addresses of a name with a dot', () => {
  it('are those in /etc/hosts or the DNS, and a silent server is left with the signal', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    cleanups.push(() => socket.close())
    const asked = once(socket, 'message')
    const stop = new AbortController()
    const servers = [`127.0.0.1:${socket.address().port}`]
    const found = addressesOf('silent.example.org', { signal: stop.signal, servers })
    const failed = expect(found).rejects.toMatchObject({ code: 'ECANCELLED' })
    const [message] = await asked
    expect(String(message)).toContain('\x06silent\x07example')
    stop.abort()
    await failed
  })

  it('are not asked for where the name has none, or an operator has named the host', async () => {
    const servers = ['127.0.0.1:9'] // nobody
    expect(await addressesOf('localhost', { servers })).toContain('127.0.0.1')
    expect(await addressesOf('[::1]', { servers })).toEqual(['::1'])
    await expect(addressesOf('a.invalid', { servers, system: true })).rejects.toMatchObject({
      syscall: 'getaddrinfo',
    })
  })
})

describe('an answer that is held as a whole', () => {
  afterEach(() => void vi.useRealTimers())

  it('is refused when it trickles', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const trickle = Readable.from(
      (async function* () {
        for (let i = 0; i < 100; i++) {
          vi.setSystemTime(Date.now() + 10_000)
          yield Buffer.from('x')
        }
      })(),
    )
    await expect(wholeOf(trickle, 1000)).rejects.toThrow(/less than 32768 bytes came in 30 s/)
    expect(trickle.destroyed).toBe(true)
  })

  it('is refused when it is too long', async () => {
    await expect(wholeOf(Readable.from([Buffer.alloc(9)]), 8)).rejects.toThrow(TooLong)
    expect(await wholeOf(Readable.from([Buffer.from('12'), Buffer.from('3')]), 8)).toEqual(Buffer.from('123'))
  })
})
