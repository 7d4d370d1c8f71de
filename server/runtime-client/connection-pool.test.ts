import { rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '../../protocol/api/index.js'
import { encodeFrame, encodeJsonFrame, type Frame, frameType } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../../runtime/errors.js'
import { serveCalls } from '../../runtime/http/calls.js'
import { listen, type Route } from '../../runtime/http/server.js'
import { ConnectionPool, upgrade } from './connection-pool.js'

const socket = `/tmp/${newId('lines')}.sock`
const log = pino({ level: 'silent' })
const never = new AbortController().signal

describe('a line of calls', () => {
  let connections: ConnectionPool
  let server: Server
  let open: Duplex[]
  /** What was asked for, in order. */
  let asked: string[]
  let gone: Promise<string>

  const exit = (code: number) => encodeJsonFrame(frameType.exit, { exitCode: code })
  const route = (method: string, path: RegExp, handle: Route['handle']): Route => ({ method, path, handle })
  const serve = async () => {
    let leave = (_: string) => {}
    gone = new Promise((resolve) => {
      leave = resolve
    })
    const routes = [
      route('PUT', /^\/echo\/(\w+)$/, async (request, name) => {
        asked.push(`PUT ${name}`)
        const { word } = await request.body(z.object({ word: z.string() }))
        return { name, word, ...request.query(z.object({ n: z.string().optional() })) }
      }),
      route('POST', /^\/full$/, async () => {
        throw new RuntimeRefusal('node_full', 'full')
      }),
      route('POST', /^\/bytes$/, async (request) => request.bytes()),
      route('POST', /^\/slow$/, async (request) => {
        asked.push('POST slow')
        request.frames().onGone(() => leave('gone'))
        await new Promise(() => {})
      }),
      route('POST', /^\/die$/, async () => {
        asked.push('POST die')
        await stop()
      }),
      route('POST', /^\/print\/(\d+)$/, async (request, count) => {
        const frames = request.frames()
        frames.onGone(() => leave(`gone while printing ${count}`))
        let held = 0
        for (let n = 0; n < Number(count); n++) {
          if (frames.out.write(encodeFrame(frameType.stdout, Buffer.alloc(65_536, n)))) continue
          held++
          await new Promise((resolve) => frames.out.once('drain', resolve))
        }
        frames.end(exit(held))
      }),
    ]
    server = await listen(routes, socket, 'nobody', log)
    open = []
    server.on('upgrade', (_, connection, head) => {
      open.push(connection)
      serveCalls(routes, connection, head, log)
    })
  }
  const stop = () => {
    for (const connection of open) connection.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
  const put = (name: string, url = `/echo/${name}`) =>
    connections.call({ method: 'PUT', url, body: { word: 'grün' } })

  beforeEach(async () => {
    asked = []
    connections = new ConnectionPool(socket)
    await serve()
  })
  afterEach(async () => {
    connections[Symbol.dispose]()
    await stop()
    rmSync(socket, { force: true })
  })

  it('carries one call after the other, and several at once on lines of their own', async () => {
    expect(await put('one')).toEqual({ status: 200, body: { name: 'one', word: 'grün' } })
    expect((await put('two', '/echo/two?n=3')).body).toEqual({ name: 'two', word: 'grün', n: '3' })
    expect(open).toHaveLength(1)
    const names = ['a', 'b', 'c']
    const answers = await Promise.all(names.map((name) => put(name)))
    expect(answers.map(({ body }) => body)).toMatchObject(names.map((name) => ({ name })))
    expect(open).toHaveLength(3)
  })

  it('brings refusals, with when to ask again, and goes on', async () => {
    const full = await connections.call({ method: 'POST', url: '/full' })
    expect(full).toMatchObject({ status: 503, body: { code: 'node_full' }, retryAfterSeconds: 5 })
    expect(await connections.call({ method: 'PUT', url: '/echo/x', body: {} })).toMatchObject({ status: 400 })
    expect(await connections.call({ method: 'GET', url: '/nowhere' })).toMatchObject({ status: 404 })
    expect((await connections.call({ method: 'POST', url: '/bytes' })).body).toMatchObject({
      code: 'invalid_request',
    })
    await expect(connections.frames({ method: 'POST', url: '/full' }, never)).rejects.toMatchObject({
      ...{ code: 'node_full', retryAfterSeconds: 5 },
    })
    expect(open).toHaveLength(1)
  })

  it('brings frames whole and in order, makes a fast writer wait for a slow reader, and is free after them', async () => {
    const stream = await connections.frames({ method: 'POST', url: '/print/400' }, never)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const frames: Frame[] = []
    for await (const frame of stream) frames.push(frame)
    expect(frames.slice(0, -1).map(({ payload }) => payload[payload.length - 1])).toEqual(
      Array.from({ length: 400 }, (_, n) => n & 255),
    )
    const held = JSON.parse(frames.at(-1)?.payload.toString() ?? '').exitCode
    expect(held).toBeGreaterThan(0)
    await put('after')
    expect(open).toHaveLength(1)
  })

  it('ends a command whose reader hangs up, before its first word and after it', async () => {
    const aborted = new AbortController()
    // It is there as soon as the command has started, though that says nothing.
    const silent = await connections.frames({ method: 'POST', url: '/slow' }, aborted.signal)
    expect(asked).toEqual(['POST slow'])
    aborted.abort()
    expect(silent.destroyed).toBe(true)
    expect(await gone).toBe('gone')
    await stop()
    await serve()
    const stream = await connections.frames({ method: 'POST', url: '/print/4000' }, never)
    stream.destroy()
    expect(await gone).toBe('gone while printing 4000')
  })

  it('asks a runtime that was started anew again, but for what it may have done already', async () => {
    await put('before')
    await stop()
    await serve()
    expect(await put('after')).toMatchObject({ status: 200 })
    await expect(connections.call({ method: 'POST', url: '/die' })).rejects.toMatchObject({
      ...{ code: 'runtime_unavailable', heard: true },
    })
    await expect(put('nobody')).rejects.toMatchObject({ code: 'runtime_unavailable', heard: false })
    expect(asked).toEqual(['PUT before', 'PUT after', 'POST die'])
    await serve()
  })

  it.each<[string, Buffer]>([
    ['nonsense', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another frame', encodeFrame(frameType.stdin, Buffer.from('x'))],
    ['what is no call', encodeJsonFrame(frameType.call, { method: 1 })],
    [
      'a call before the last one is answered',
      Buffer.concat([1, 2].map(() => encodeJsonFrame(frameType.call, { method: 'POST', url: '/slow' }))),
    ],
    ['a frame that is too long', Buffer.from([frameType.call, 0xff, 0xff, 0xff, 0xff])],
  ])('is cut when it brings %s, and others go on', async (_, bytes) => {
    const connection = await upgrade(socket, '/calls', 'cloche-calls', () => new Error('refused'))
    const closed = new Promise((resolve) => connection.once('close', resolve))
    connection.on('error', () => {}).resume()
    connection.write(bytes)
    await closed
    expect(await put('other')).toMatchObject({ status: 200 })
  })
})
