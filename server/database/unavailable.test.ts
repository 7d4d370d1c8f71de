import { appendFileSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { isDatabaseUnavailable } from './unavailable.js'

describe('while PostgreSQL runs but takes no connection', () => {
  let instance: Instance
  let key: TestClient
  let ann: TestClient

  const data = (name: string) => join(instance.home, 'postgres', name)
  /** Starts it again; the supervisor does it. */
  const restartPostgres = async () => {
    const before = (await instance.processes()).get('postgres') ?? 0
    process.kill(before, 'SIGINT')
    for (;;) {
      const now = (await instance.processes()).get('postgres')
      if (now !== undefined && now !== before) return
      await sleep(50)
    }
  }
  const until = async (isSo: () => Promise<boolean>) => {
    for (let tries = 0; !(await isSo()); tries++) {
      if (tries > 600) throw new Error('never so')
      await sleep(100)
    }
  }

  beforeAll(async () => {
    instance = await openInstance('pg')
    key = TestClient.withKey(instance.url, instance.admin.apiKey)
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
    expect((await ann.call('GET', '/api/v1/me')).status).toBe(200)
    // A standby that lets nobody read: it answers 57P03 as one does that is starting, and goes on doing so.
    const { uid, gid } = statSync(data('PG_VERSION'))
    writeFileSync(data('standby.signal'), '')
    chownSync(data('standby.signal'), uid, gid)
    appendFileSync(data('postgresql.auto.conf'), 'hot_standby = off\n')
    await restartPostgres()
    const log = join(instance.home, 'logs/postgres.log')
    await until(async () => readFileSync(log, 'utf8').includes('entering standby mode'))
    // What was believed is forgotten.
    await sleep(6000)
  }, 300_000)
  afterAll(() => instance[Symbol.asyncDispose]())

  it.each([
    ['GET', '/api/v1/me'],
    ['GET', '/api/v1/sandboxes'],
    ['POST', '/api/v1/sandboxes'],
    ['POST', '/api/v1/runs'],
    ['GET', '/metrics'],
  ])(
    '%s %s answers database_unavailable and when to try again, to a key and to a session',
    async (method, path) => {
      for (const client of [key, ann]) {
        const { status, body, headers } = await client.call(method, path, method === 'POST' ? {} : undefined)
        expect({ status, code: body.code }).toEqual({ status: 503, code: 'database_unavailable' })
        expect(headers.get('retry-after')).toBe('5')
      }
    },
  )

  it('so does a sign-in', async () => {
    const answer = await fetch(`${instance.url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { origin: instance.url, 'content-type': 'application/json' },
      body: JSON.stringify({ email: instance.admin.email, password: instance.admin.password }),
    })
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'database_unavailable' })
    expect(answer.headers.get('retry-after')).toBe('5')
  })

  it('so does the handshake of a terminal socket', async () => {
    const socket = io(`${instance.url}/terminals`, {
      ...{ auth: { token: instance.admin.apiKey }, transports: ['websocket'], reconnection: false },
    })
    const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve))
    socket.close()
    expect(JSON.stringify({ ...error, message: error.message })).toContain('database_unavailable')
  })

  it('the server goes on, and all of it works when the database is there again', async () => {
    const before = (await instance.processes()).get('server')
    rmSync(data('standby.signal'))
    await restartPostgres()
    await until(async () => (await ann.call('GET', '/api/v1/me')).status === 200)
    expect((await key.call('POST', '/api/v1/sandboxes', {})).status).toBe(201)
    expect((await instance.processes()).get('server')).toBe(before)
  })
})

describe('an error', () => {
  const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more })
  it.each<[string, unknown, boolean]>([
    ['of a server that starts', coded('57P03'), true],
    ['of a full disk', coded('53100'), true],
    ['of a connection that failed', coded('08006'), true],
    ['of a transaction that waited too long for a node', coded('25P03'), true],
    ['of two that waited for one another', coded('40P01'), true],
    ['of a transaction of Prisma’s that took too long', coded('P2028'), true],
    ['inside another', new Error('x', { cause: new AggregateError([coded('ECONNREFUSED')]) }), true],
    [
      'inside Prisma’s',
      coded('P2010', { meta: { driverAdapterError: { cause: { originalCode: '57P03' } } } }),
      true,
    ],
    ['of a socket that is not there', coded('ENOENT', { syscall: 'connect' }), true],
    ['of a file that is not there', coded('ENOENT', { syscall: 'open' }), false],
    ['of a row that is there already', coded('23505'), false],
    ['that is our mistake', new TypeError('x is undefined'), false],
  ])('%s is told apart', (_, error, expected) => {
    expect(isDatabaseUnavailable(error)).toBe(expected)
  })
})
