import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RuntimeRefusal } from '../errors.js'
import { createApp, type Routes } from './app.js'

const routes: Routes = async (app) => {
  app.put('/full', async () => {
    throw new RuntimeRefusal('node_full', 'full')
  })
  app.post('/broken', async () => {
    throw new Error('/etc/shadow is in the way')
  })
  app.post('/unwritable', async () => {
    throw Object.assign(new Error('write'), { code: 'ENOSPC' })
  })
  app.post(
    '/strict/:name',
    {
      schema: {
        params: z.object({ name: z.string().regex(/^[a-z]+$/) }),
        querystring: z.object({ n: z.coerce.number() }),
        body: z.strictObject({ word: z.string().min(1) }),
      },
    },
    async ({ params, query, body }) => ({ ...params, ...query, ...body }),
  )
  app.post(
    '/optional',
    { schema: { body: z.object({ a: z.number().default(3) }).prefault({}) } },
    ({ body }) => Promise.resolve(body),
  )
}

describe('a call to a daemon of the node', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    app = await createApp(routes, pino({ level: 'silent' }))
  })
  const post = async (url: string, payload?: string, headers = {}) => {
    const answer = await app.inject({ method: 'POST', url, headers, ...(payload ? { payload } : {}) })
    return { status: answer.statusCode, ...answer.json() }
  }
  const strict = (url: string, body: string) => post(url, body)

  it('is told by a node that is full when to ask again', async () => {
    const answer = await app.inject({ method: 'PUT', url: '/full' })
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toEqual({ code: 'node_full', message: 'full' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('gets path, query and body as their schemas say, whatever type the body claims', async () => {
    const good = { status: 200, name: 'abc', n: 4, word: 'grün' }
    expect(await strict('/strict/abc?n=4', '{"word":"grün"}')).toEqual(good)
    expect(await post('/strict/abc?n=3&n=4', '{"word":"grün"}', { 'content-type': 'text/plain' })).toEqual(
      good,
    )
    expect(await post('/optional')).toEqual({ status: 200, a: 3 })
  })

  it.each([
    ['a path that does not match', '/strict/A1?n=4', '{"word":"x"}', /expected pattern|Invalid/i],
    ['a query that is wrong', '/strict/abc?n=x', '{"word":"x"}', /n/],
    ['a field too many', '/strict/abc?n=4', '{"word":"x","more":1}', /more/],
    ['a body that is missing', '/strict/abc?n=4', '', /expected object/],
    ['a body that is no JSON', '/strict/abc?n=4', '{"word":', /not JSON/],
    ['a path that cannot be decoded', '/strict/%ff?n=4', '{"word":"x"}', /malformed/],
  ])('is refused with %s', async (_, url, body, message) => {
    expect(await strict(url, body)).toEqual({
      ...{ status: 400, code: 'invalid_request', message: expect.stringMatching(message) },
    })
  })

  it('is refused when its body is too long, or when nobody answers it', async () => {
    const long = JSON.stringify({ word: 'x'.repeat(33 * 1024 * 1024) })
    expect(await post('/strict/abc?n=4', long)).toMatchObject({ status: 413, code: 'payload_too_large' })
    expect(await post('/nowhere')).toMatchObject({ status: 404, code: 'not_found' })
    expect((await app.inject({ method: 'HEAD', url: '/optional' })).statusCode).toBe(404)
  })

  it('learns nothing of the inside', async () => {
    const broken = await post('/broken')
    expect(broken).toEqual({
      ...{ status: 500, code: 'internal', message: 'the runtime failed; its log says why' },
    })
    expect(await post('/unwritable')).toMatchObject({ status: 507, code: 'disk_full' })
  })
})
