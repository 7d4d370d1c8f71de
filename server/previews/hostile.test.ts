import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, type Sandbox } from '../../sdk/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { type Instance, openInstance } from '../../testing/instance.js'

/** An app that keeps its connections open, counts them, and does on each path one thing that no app should do. */
const app = (name: string) => `
import asyncio
made, open = 0, 0
poison = b'HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nPOISON'
async def serve(reader, writer):
    global made, open
    made, open = made + 1, open + 1
    own = made
    def answer(words): writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s' % (len(words), words))
    async def forever(part):
        while True:
            writer.write(part)
            await writer.drain()
    try:
        while True:
            path = (await reader.readuntil(b'\\r\\n\\r\\n')).split(b' ')[1]
            if path == b'/number': answer(b'${name} %d' % own)
            elif path == b'/open': answer(b'%d' % open)
            elif path == b'/twice': answer(b'first'); writer.write(poison)
            elif path == b'/late':
                answer(b'first')
                await asyncio.sleep(0.1)
                writer.write(poison)
            elif path == b'/longer': writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nfirst' + poison)
            elif path == b'/headers': writer.write(b'HTTP/1.1 200 OK\\r\\n' + b'X: y\\r\\n' * 100000 + b'Content-Length: 0\\r\\n\\r\\n')
            elif path == b'/hints': await forever(b'HTTP/1.1 103 Early Hints\\r\\nX: y\\r\\n\\r\\n')
            elif path == b'/chunk': writer.write(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nFFFFFFFFFFFFFFFFF\\r\\nx')
            elif path == b'/extensions':
                writer.write(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n1;')
                await forever(b'x' * 65536)
            elif path == b'/trailers':
                writer.write(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n1\\r\\nx\\r\\n0\\r\\n')
                await forever(b'X: y\\r\\n' * 1000)
            elif path == b'/slow':
                for letter in b'HTTP/1.1 200 OK\\r\\n' * 100:
                    writer.write(bytes([letter]))
                    await writer.drain()
                    await asyncio.sleep(0.1)
            elif path == b'/terabyte':
                writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 1000000000000\\r\\n\\r\\n')
                await forever(b'x' * 65536)
            elif path == b'/socket':
                writer.write(b'HTTP/1.1 101 Switching Protocols\\r\\nConnection: upgrade\\r\\nUpgrade: x\\r\\n\\r\\n')
                while True:
                    writer.write(b'tick')
                    await writer.drain()
                    await asyncio.sleep(0.05)
            await writer.drain()
    except Exception: pass
    finally:
        open -= 1
        writer.close()
async def main():
    await asyncio.start_server(serve, '127.0.0.1', 8000)
    await asyncio.start_server(serve, '127.0.0.1', 8001)
    await asyncio.Event().wait()
asyncio.run(main())`

type Headers = Readonly<Record<string, string>>

describe('previews of an app that is hostile', { timeout: 60_000 }, () => {
  let instance: Instance
  let another: AnotherServer
  let sandbox: Sandbox
  let neighbour: Sandbox
  let running: ReadonlyMap<string, number>

  const ask = (server: string, path: string, headers: Headers) =>
    new Promise<IncomingMessage | Duplex>((resolve, reject) => {
      const { hostname, port } = new URL(server)
      request({ hostname, port, path, headers, agent: false })
        .once('response', (answer) => resolve(answer.on('error', () => {}))) // that it broke off is seen by its end
        .once('upgrade', (_, line) => resolve(line.on('error', () => {})))
        .once('error', reject)
        .end()
    })
  const byKey = (port = 8000, of = sandbox): Headers => ({
    ...{ 'cloche-sandbox': of.id, 'cloche-port': String(port) },
    authorization: `Bearer ${instance.admin.apiKey}`,
  })
  const get = async (path: string, port = 8000, of = sandbox, server = instance.url) => {
    const answer = await ask(server, path, byKey(port, of))
    return text(answer).catch(() => 'broken off')
  }
  const byName = (): Headers => ({ host: `8000-${sandbox.id.slice(3)}.localhost` })
  const statusOf = (answer: IncomingMessage | Duplex) => ('statusCode' in answer ? answer.statusCode : 101)
  const ended = (answer: IncomingMessage | Duplex) =>
    new Promise<void>((resolve) => void answer.once('close', resolve).resume())
  /** Every connection of an earlier visitor ends, but that of who asks. */
  const onlyOneOpen = async (port = 8000) => {
    for (let tries = 0; (await get('/open', port)) !== '1'; tries++) {
      if (tries > 300) throw new Error('connections to the app stay open')
      await sleep(100)
    }
  }
  const begin = async (name: string) => {
    const limits = { memoryMiB: 256, diskMiB: 64, pids: 64 }
    const { url, apiKey } = instance.admin
    const made = await new Cloche({ url, apiKey }).sandboxes.create({ limits, network: 'none' })
    await made.processes.start(['python3', '-c', app(name)])
    for (let tries = 0; (await made.ports.list()).length < 2; tries++) {
      if (tries > 400) throw new Error('the app does not listen')
      await sleep(50)
    }
    return made
  }

  beforeAll(async () => {
    const settings = { CLOCHE_PREVIEW_TIMEOUT_SECONDS: '1' }
    instance = await openInstance('host', settings)
    another = await AnotherServer.start(instance, settings)
    sandbox = await begin('one')
    neighbour = await begin('two')
    running = await instance.processes()
  }, 240_000)
  afterAll(async () => {
    await another?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('keep a connection for the next request, to the same port of the same sandbox only', async () => {
    const first = await get('/number')
    expect(first).toMatch(/^one \d+$/)
    expect(await get('/number')).toBe(first)
    expect(await get('/number', 8000, neighbour)).toMatch(/^two \d+$/)
    expect(await get('/number', 8001)).not.toBe(first)
    await onlyOneOpen()
  })

  it.each(['/twice', '/late', '/longer'])('give nobody what was sent unasked: %s', async (path) => {
    for (let round = 0; round < 2; round++) {
      expect(await get(path)).toBe('first')
      // What comes later may meet the next request on its way, as at any proxy: it is waited for.
      if (path !== '/longer') await onlyOneOpen(8001)
      expect(await get('/number')).toMatch(/^one \d+$/)
    }
  })

  it.each(['/headers', '/hints', '/slow'])('answer for an app whose head is none: %s', async (path) => {
    const answer = await ask(instance.url, path, byKey())
    expect(statusOf(answer)).toBe(path === '/slow' ? 504 : 502)
    answer.destroy()
    await onlyOneOpen()
  })

  it.each(['/chunk', '/trailers'])('break off a body that is none: %s', async (path) => {
    expect(await get(path)).toBe('broken off')
    await onlyOneOpen()
  })

  it.each(['/terabyte', '/extensions'])('end at the app when the visitor has gone: %s', async (path) => {
    const answer = await ask(instance.url, path, byKey())
    if (path === '/terabyte') await new Promise((resolve) => answer.once('data', resolve))
    expect(await get('/number')).toMatch(/^one/) // others are answered meanwhile
    answer.destroy()
    await onlyOneOpen()
    expect(await instance.processes()).toEqual(running)
  })

  it('are cut at every server when a link is revoked at one, sockets too', async () => {
    await sandbox.ports.share(8000)
    const upgrade = { ...byName(), connection: 'upgrade', upgrade: 'x' }
    const open = [
      await ask(another.url, '/socket', upgrade),
      await ask(another.url, '/terabyte', byName()),
      await ask(instance.url, '/socket', upgrade),
    ]
    expect(open.map(statusOf)).toEqual([101, 200, 101])
    const ends = open.map(ended)
    await sandbox.ports.unshare(8000)
    expect(statusOf(await ask(instance.url, '/number', byName()))).toBe(401)
    await Promise.all(ends)
    expect(statusOf(await ask(another.url, '/number', byName()))).toBe(401)
    await onlyOneOpen()
  })

  it('leave nothing behind when the server is killed in the middle of them', async () => {
    const open = [
      await ask(another.url, '/terabyte', byKey()),
      await ask(another.url, '/socket', { ...byKey(), connection: 'upgrade', upgrade: 'x' }),
    ]
    const ends = open.map(ended)
    await another.end('SIGKILL')
    await Promise.all(ends)
    await onlyOneOpen()
  })

  it('end when the sandbox is deleted', async () => {
    const open = await ask(instance.url, '/terabyte', byKey())
    const end = ended(open)
    await sandbox.delete()
    await end
    expect(statusOf(await ask(instance.url, '/number', byKey()))).toBe(404)
  })
})
