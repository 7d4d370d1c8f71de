import { request } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '../errors.js'
import { sendProblem } from './problem.js'
import { sendWhenReady } from './slow.js'

const knowing = { accept: 'application/json, application/problem+json' }

describe('an answer that may take long', () => {
  let app: FastifyInstance
  let url: string

  beforeAll(async () => {
    app = fastify({ forceCloseConnections: true })
    app.setErrorHandler(sendProblem)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    const answers = async (ms: number, fails: boolean) => {
      await sleep(ms)
      if (fails) throw new ApiError('invalid_request', 'the image has no layers')
      return { name: 'app' }
    }
    for (const [path, ms, fails] of [
      ['/soon', 0, false],
      ['/late', 200, false],
      ['/fails', 0, true],
      ['/fails-late', 200, true],
    ] as const) {
      app.post(path, (_, reply) => sendWhenReady(reply.code(201), answers(ms, fails), 40))
    }
    app.put('/upload', async ({ body }, reply) => {
      const upload = body instanceof Readable ? body : Readable.from([])
      const read = async () => {
        await upload.resume().toArray()
        return answers(200, false)
      }
      return sendWhenReady(reply.code(201), read(), 40, upload)
    })
    url = await app.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(() => app.close())

  const post = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { method: 'POST', headers })

  it('is one as any other when it comes soon, and when it is refused soon', async () => {
    const soon = await post('/soon')
    expect([soon.status, await soon.text()]).toEqual([201, '{"name":"app"}'])
    const refused = await post('/fails', knowing)
    expect([refused.status, (await refused.json()).code]).toEqual([400, 'invalid_request'])
  })

  it('begins with its status and spaces', async () => {
    const late = await post('/late')
    const text = await late.text()
    expect(late.status).toBe(201)
    expect(text).toMatch(/^ {2,}\{/)
    expect(JSON.parse(text)).toEqual({ name: 'app' })
  })

  it('that fails after that tells why to whom accepts it, and is cut for all others', async () => {
    const told = await post('/fails-late', knowing)
    expect([told.status, await told.json()]).toMatchObject([
      201,
      { type: 'urn:cloche:problem:invalid_request', status: 400, detail: 'the image has no layers' },
    ])
    const other = await post('/fails-late')
    expect(other.status).toBe(201)
    await expect(other.text()).rejects.toThrow()
  })

  it('does not begin before the request has ended', async () => {
    let [sent, begun] = [false, false]
    const head = await new Promise<{ statusCode?: number | undefined; early: boolean }>((resolve, reject) => {
      const outgoing = request(`${url}/upload`, { method: 'PUT' }, (answer) => {
        begun = true
        answer.resume()
        resolve({ statusCode: answer.statusCode, early: !sent })
      })
      outgoing.once('error', reject).setHeader('content-type', 'application/x-tar')
      outgoing.write('half')
      void sleep(200).then(() => {
        sent = true
        outgoing.end('rest')
      })
    })
    expect([begun, head]).toEqual([true, { statusCode: 201, early: false }])
  })
})
