import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Pool } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '../../protocol/api/index.js'
import {
  encodeFrame,
  encodeJsonFrame,
  type Frame,
  frameType,
  nodeProtocol,
} from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../../runtime/errors.js'
import { createApp, type Routes } from '../../runtime/http/app.js'
import { bytesOf, sendBytes, takeBytes } from '../../runtime/http/bytes.js'
import { sendFrames } from '../../runtime/http/frames.js'
import { type Listener, listenOnSocket } from '../../runtime/http/listen.js'
import { switching, takeLine } from '../../runtime/http/upgrade.js'
import { openPool } from './address.js'
import { bytes } from './byte-stream.js'
import { call } from './call.js'
import { RuntimeClient } from './client.js'
import { type Call, exchange } from './exchange.js'
import { frames } from './frame-stream.js'

const socketPath = `/tmp/${newId('transport')}.sock`
const log = pino({ level: 'silent' })
const never = new AbortController().signal
const deadlines = { headMs: 20_000, silenceMs: 20_000 }
const mib = 1024 ** 2

describe('the transport between server and node', () => {
  let pool: Pool
  let listener: Listener
  /** Connections on which calls came. */
  let used: Set<unknown>
  /** What was asked for, in order. */
  let asked: string[]
  let gone: Promise<string>
  let taken: number
  let speaks = nodeProtocol

  const exit = (code: number) => encodeJsonFrame(frameType.exit, { exitCode: code })
  const serve = async () => {
    let leave = (_: string) => {}
    gone = new Promise((resolve) => {
      leave = resolve
    })
    taken = 0
    const routes: Routes = async (app) => {
      app.addHook('onRequest', async (request) => {
        used.add(request.raw.socket)
      })
      app.put(
        '/echo/:name',
        { schema: { params: z.object({ name: z.string() }), body: z.object({ word: z.string() }) } },
        async ({ params, body }) => {
          asked.push(`PUT ${params.name}`)
          return { ...params, ...body }
        },
      )
      app.post('/full', async () => {
        throw new RuntimeRefusal('node_full', 'full')
      })
      app.post('/slow', async (_, reply) => {
        asked.push('POST slow')
        sendFrames(reply).onGone(() => leave('gone'))
        await new Promise(() => {})
      })
      app.get('/node', async () => ({ protocol: speaks, of: 'another form' }))
      app.get('/silent', () => {
        asked.push('GET silent')
        return new Promise(() => {})
      })
      app.get('/waiting', (_, reply) => {
        asked.push('GET waiting')
        reply.raw.once('close', () => leave('gone while waiting'))
        return new Promise(() => {})
      })
      app.post('/die', async () => {
        asked.push('POST die')
        await listener.close()
      })
      app.route({
        method: ['POST', 'PUT'],
        url: '/cut',
        handler: async ({ method, raw }) => {
          asked.push(`${method} cut`)
          if (asked.length === 1) raw.socket.destroy()
          return { times: asked.length }
        },
      })
      app.post(
        '/print/:count',
        { schema: { params: z.object({ count: z.coerce.number() }) } },
        async ({ params }, reply) => {
          const { out, onGone, end } = sendFrames(reply)
          onGone(() => leave(`gone while printing ${params.count}`))
          let held = 0
          for (let n = 0; n < params.count; n++) {
            if (out.write(encodeFrame(frameType.stdout, Buffer.alloc(65_536, n)))) continue
            held++
            await new Promise((resolve) => out.once('drain', resolve))
          }
          end(exit(held))
        },
      )
      app.get('/bytes', async (_, reply) => {
        reply.hijack()
        reply.raw.once('close', () => reply.raw.writableFinished || leave('gone while reading'))
        const endless = Readable.from(
          (function* () {
            for (;;) {
              taken += mib
              yield Buffer.alloc(mib)
            }
          })(),
        )
        await sendBytes(endless, reply.raw)
      })
      app.get('/broken', async (_, reply) => {
        reply.hijack()
        reply.raw.write('the first half')
        setImmediate(() => reply.raw.destroy())
      })
      app.get(
        '/line/:name/attach',
        { schema: { params: z.object({ name: z.string() }) } },
        async (request, reply) => {
          if (request.params.name !== 'one') throw new RuntimeRefusal('not_found', 'there is no such line')
          const line = takeLine(request, reply, 'cloche-process')
          line.write(switching('cloche-process'))
          line.pipe(line)
        },
      )
      await app.register(async (uploads) => {
        takeBytes(uploads)
        uploads.put('/upload', async (request) => {
          let length = 0
          for await (const chunk of bytesOf(request)) length += chunk.length
          return { length }
        })
        uploads.put('/refuses', async (request) => {
          for await (const _ of bytesOf(request)) throw new RuntimeRefusal('disk_full', 'no room')
        })
      })
    }
    listener = await listenOnSocket(await createApp(routes, log), socketPath, 'nobody')
  }
  const of = (method: Call['method'], path: string, body?: unknown): Call => ({
    ...{ method, path, deadlines },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const put = async (name: string) => {
    const { status, text } = await call(pool, of('PUT', `/echo/${name}`, { word: 'grün' }))
    return { status, body: JSON.parse(text) }
  }
  const attach = (path: string) =>
    exchange(
      pool,
      { ...of('GET', path), upgrade: 'cloche-process' },
      {
        upgraded: (line) => line,
        whole: ({ status, text }): never => {
          throw new Error(`${status} ${text}`)
        },
      },
    )

  beforeEach(async () => {
    asked = []
    used = new Set()
    pool = openPool({ socketPath })
    await serve()
  })
  afterEach(async () => {
    await pool.destroy()
    await listener.close()
    rmSync(socketPath, { force: true })
  })

  it('carries calls on connections that stay open, several at once on connections of their own', async () => {
    expect(await put('one')).toEqual({ status: 200, body: { name: 'one', word: 'grün' } })
    for (let n = 0; n < 20; n++) await put('two')
    expect(used.size).toBeLessThanOrEqual(2)
    const names = ['a', 'b', 'c', 'd']
    const answers = await Promise.all(names.map((name) => put(name)))
    expect(answers.map(({ body }) => body)).toMatchObject(names.map((name) => ({ name })))
    expect(used.size).toBeLessThanOrEqual(6)
  })

  it('brings refusals, with when to ask again, and goes on', async () => {
    const full = await call(pool, of('POST', '/full'))
    expect(full).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(JSON.parse(full.text)).toEqual({ code: 'node_full', message: 'full' })
    await expect(frames(pool, of('POST', '/full'), never)).rejects.toMatchObject({
      ...{ code: 'node_full', retryAfterSeconds: 5 },
    })
    await expect(bytes(pool, of('GET', '/nowhere'))).rejects.toMatchObject({ code: 'not_found' })
    expect(await put('after')).toMatchObject({ status: 200 })
    expect(used.size).toBeLessThanOrEqual(2)
  })

  it('brings frames whole and in order, and makes a fast writer wait for a slow reader', async () => {
    const stream = await frames(pool, of('POST', '/print/400'), never)
    await sleep(100)
    const all: Frame[] = []
    for await (const frame of stream) all.push(frame)
    expect(all.slice(0, -1).map(({ payload }) => payload[payload.length - 1])).toEqual(
      Array.from({ length: 400 }, (_, n) => n & 255),
    )
    expect(JSON.parse(all.at(-1)?.payload.toString() ?? '').exitCode).toBeGreaterThan(0)
    await put('after')
    expect(used.size).toBeLessThanOrEqual(2)
  })

  it('ends a command whose reader hangs up, before its first word and after it', async () => {
    const aborted = new AbortController()
    // It is there as soon as the command has started, though that says nothing.
    const silent = await frames(pool, of('POST', '/slow'), aborted.signal)
    expect(asked).toEqual(['POST slow'])
    aborted.abort()
    expect(silent.destroyed).toBe(true)
    expect(await gone).toBe('gone')
    await listener.close()
    await serve()
    await put('again')
    const stream = await frames(pool, of('POST', '/print/4000'), never)
    stream.destroy()
    expect(await gone).toBe('gone while printing 4000')
  })

  it('asks a runtime that was started anew again, but for what it may have done already', async () => {
    await put('before')
    await listener.close()
    await serve()
    expect(await put('after')).toMatchObject({ status: 200 })
    await expect(call(pool, of('POST', '/die'))).rejects.toMatchObject({
      ...{ code: 'runtime_unavailable', heard: true },
    })
    await expect(put('nobody')).rejects.toMatchObject({ code: 'runtime_unavailable', heard: false })
    expect(asked).toEqual(['PUT before', 'PUT after', 'POST die'])
  })

  it('makes a call once more whose connection was lost, if it may be made twice', async () => {
    expect(await call(pool, of('PUT', '/cut'))).toMatchObject({ status: 200, text: '{"times":2}' })
    expect(asked).toEqual(['PUT cut', 'PUT cut'])
    asked = []
    await expect(call(pool, of('POST', '/cut'))).rejects.toMatchObject({ heard: true })
    expect(asked).toEqual(['POST cut'])
  })

  it('gives up a call at its deadline, and does not make it again', async () => {
    const late = { ...of('GET', '/silent'), deadlines: { headMs: 200, silenceMs: 200 } }
    await expect(call(pool, late)).rejects.toMatchObject({
      ...{ code: 'runtime_unavailable', heard: true, message: expect.stringContaining('no answer in time') },
    })
    expect(asked).toEqual(['GET silent'])
    const silent = { ...of('POST', '/slow'), deadlines: { headMs: 5000, silenceMs: 200 } }
    const stream = await frames(pool, silent, never)
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' })
    expect(await gone).toBe('gone')
  })

  it('reads an answer no faster than its reader, and lets go of it with its reader', async () => {
    const stream = await bytes(pool, of('GET', '/bytes'))
    await sleep(300)
    const held = taken
    await sleep(300)
    expect(taken).toBe(held)
    expect(held).toBeLessThan(16 * mib)
    let read = 0
    for await (const chunk of stream) {
      read += chunk.length
      if (read > 100 * mib) break
    }
    expect(await gone).toBe('gone while reading')
  })

  it('lets go of a call whose answer has not begun when its caller goes', async () => {
    const aborted = new AbortController()
    const waiting = bytes(pool, of('GET', '/waiting'), aborted.signal)
    await expect.poll(() => asked).toEqual(['GET waiting'])
    aborted.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'runtime_unavailable', heard: true })
    expect(await gone).toBe('gone while waiting')
    await expect(bytes(pool, of('GET', '/waiting'), aborted.signal)).rejects.toThrow()
    expect(asked).toEqual(['GET waiting'])
  })

  it('tells an answer that broke off from one that is whole', async () => {
    await expect(buffer(await bytes(pool, of('GET', '/broken')))).rejects.toThrow()
  })

  it('sends bodies of any length, and hears a refusal before their end without harm to their source', async () => {
    const client = new RuntimeClient({ socketPath })
    const chunk = randomBytes(mib)
    const long = Readable.from(Array.from({ length: 64 }, () => chunk))
    const answer = await client.send('PUT', '/upload', {}, long)
    expect(answer).toEqual({ status: 200, body: { length: 64 * mib } })
    const endless = new Readable({ read: () => void setImmediate(() => endless.push(chunk)) })
    await expect(client.send('PUT', '/refuses', {}, endless)).rejects.toMatchObject({ code: 'disk_full' })
    expect(endless.destroyed).toBe(false)
    endless.destroy()
    client[Symbol.dispose]()
  })

  it('says which side to upgrade when the node speaks another protocol', async () => {
    using client = new RuntimeClient({ socketPath })
    speaks = nodeProtocol + 1
    const newer = {
      code: 'runtime_unavailable',
      message: expect.stringMatching(/upgrade Cloche on the server/),
    }
    await expect(client.node()).rejects.toMatchObject(newer)
  })

  it('upgrades a connection to a line, and refuses one with the reason', async () => {
    const line = await attach('/line/one/attach')
    line.write('hello')
    const [echo] = await Promise.race([
      new Promise<[Buffer]>((resolve) => line.once('data', (data: Buffer) => resolve([data]))),
      sleep(5000).then(() => [Buffer.alloc(0)]),
    ])
    expect(echo?.toString()).toBe('hello')
    line.destroy()
    await expect(attach('/line/two/attach')).rejects.toThrow(/404 .*there is no such line/)
    const plain = await call(pool, of('GET', '/line/one/attach'))
    expect(plain).toMatchObject({ status: 400, text: expect.stringContaining('Upgrade') })
    expect(await put('after')).toMatchObject({ status: 200 })
  })
})
