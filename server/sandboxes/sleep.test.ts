import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
/** The chores that put to sleep, and that write down who is active, come every ten seconds. */
const patient = { timeout: 40_000, interval: 200 }

describe('an idle sandbox', { timeout: 120_000 }, () => {
  let instance: Instance
  let who: TestClient
  let database: pg.Pool

  beforeAll(async () => {
    instance = await sharedInstance()
    who = TestClient.withKey(instance.url, instance.admin.apiKey)
    database = new pg.Pool({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
  })
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const create = async (idle?: object) =>
    String((await who.call('POST', '/api/v1/sandboxes', { limits, idle })).body.id)
  const get = async (id: string) => (await who.call('GET', `/api/v1/sandboxes/${id}`)).body
  const exec = (id: string, command: string) => who.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })
  /** As if nothing had used it for so long. */
  const leave = (id: string, seconds: number) =>
    database.query(
      `UPDATE sandbox SET "activeAt" = now() AT TIME ZONE 'UTC' - make_interval(secs => $2) WHERE id = $1`,
      [id, seconds],
    )
  /** Again and again: that it was used a moment ago is written down some seconds later. */
  const fallsAsleep = (id: string, seconds: number, how: string) =>
    expect
      .poll(async () => {
        await leave(id, seconds)
        return get(id)
      }, patient)
      .toMatchObject({ state: how, asleep: how })
  const idleSeconds = async (id: string) => {
    const { rows } = await database.query(
      `SELECT extract(epoch FROM now() AT TIME ZONE 'UTC' - "activeAt")::FLOAT8 AS idle FROM sandbox WHERE id = $1`,
      [id],
    )
    return Number(rows[0]?.idle)
  }
  const actions = async (target: string) =>
    (await who.call('GET', `/api/v1/audit?target=${target}`)).body.items.map(
      ({ action }: { action: string }) => action,
    )

  it('is paused, later stopped with its disk kept, and woken by a command each time', async () => {
    const id = await create({ pauseAfterSeconds: 60, stopAfterSeconds: 600 })
    expect(await get(id)).toMatchObject({
      idle: { pauseAfterSeconds: 60, stopAfterSeconds: 600 },
      asleep: null,
    })
    await exec(id, 'echo kept > file; sync')
    await fallsAsleep(id, 100, 'paused')
    const answers = await Promise.all(Array.from({ length: 5 }, () => exec(id, 'cat file')))
    expect(answers.map(({ body }) => body.stdout)).toEqual(Array.from({ length: 5 }, () => 'kept\n'))
    expect(await get(id)).toMatchObject({ state: 'running', asleep: null })

    await fallsAsleep(id, 100, 'paused')
    const visit = await fetch(`${instance.url}/`, {
      headers: {
        authorization: `Bearer ${instance.admin.apiKey}`,
        'cloche-sandbox': id,
        'cloche-port': '80',
      },
    })
    expect(await visit.json()).toMatchObject({ code: 'port_unreachable' })
    expect(await get(id)).toMatchObject({ state: 'running', asleep: null })

    await fallsAsleep(id, 1000, 'stopped')
    expect((await exec(id, 'cat file')).body).toMatchObject({ stdout: 'kept\n', exitCode: 0 })
    expect(await get(id)).toMatchObject({ state: 'running', asleep: null })
    expect(await actions(id)).toEqual([
      ...['sandbox.wake', 'sandbox.sleep', 'sandbox.wake', 'sandbox.sleep', 'sandbox.wake', 'sandbox.sleep'],
      'sandbox.create',
    ])
    await who.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it.each([
    ['was marked only', 'paused', 'running', []],
    ['was paused already', 'paused', 'running', ['pause']],
    ['was paused, and stopped later', 'stopped', 'paused', ['pause', 'stop']],
    ['was stopped at once', 'stopped', 'running', ['stop']],
  ] as const)(
    'is woken when the server died as it put it to sleep: it %s',
    async (_, asleep, state, done) => {
      const id = await create({ pauseAfterSeconds: 3600 })
      await exec(id, 'echo kept > file; sync')
      for (const step of done) await who.call('POST', `/api/v1/sandboxes/${id}/${step}`)
      await database.query('UPDATE sandbox SET asleep = $2, state = $3 WHERE id = $1', [id, asleep, state])
      await database.query(`SELECT pg_notify('cloche', $1)`, [
        JSON.stringify({ type: 'asleep', id, asleep: true }),
      ])
      await expect
        .poll(async () => (await exec(id, 'cat file')).body, patient)
        .toMatchObject({ stdout: 'kept\n' })
      await expect.poll(() => get(id), patient).toMatchObject({ state: 'running', asleep: null })
      await who.call('DELETE', `/api/v1/sandboxes/${id}`)
    },
  )

  it('falls asleep in the next round when the server died after the mark', async () => {
    const id = await create({ pauseAfterSeconds: 60 })
    await leave(id, 100)
    await database.query(`UPDATE sandbox SET asleep = 'paused' WHERE id = $1`, [id])
    await fallsAsleep(id, 100, 'paused')
    expect((await exec(id, 'echo awake')).body.stdout).toBe('awake\n')
    await who.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('is not in use by calls that are refused', async () => {
    const id = await create({ pauseAfterSeconds: 3600 })
    const stranger = await TestClient.signUp(instance.url, `${randomUUID()}@example.org`)
    const witness = await create({ pauseAfterSeconds: 3600 })
    // What is noticed is written down before this, in the order of the rounds.
    const written = async () => {
      await leave(witness, 1000)
      await exec(witness, 'true')
      await expect.poll(() => idleSeconds(witness), patient).toBeLessThan(900)
    }
    await written()
    await leave(id, 1000)
    for (const one of [stranger, new TestClient(instance.url)]) {
      const { status } = await one.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: 'true' })
      expect([401, 404]).toContain(status)
    }
    await written()
    expect(await idleSeconds(id)).toBeGreaterThan(900)
    for (const one of [id, witness]) await who.call('DELETE', `/api/v1/sandboxes/${one}`)
  })

  it('is not idle while somebody is attached or its programs work, and is what somebody makes it by intention', async () => {
    const idle = { pauseAfterSeconds: 300 }
    const [attached, works, still, always] = [
      await create(idle),
      await create(idle),
      await create(idle),
      await create(),
    ]
    const waiting = exec(attached, 'mkfifo /tmp/go; read x < /tmp/go; echo heard $x')
    const loop = { command: 'while :; do :; done' }
    await who.call('POST', `/api/v1/sandboxes/${works}/processes`, loop)
    await leave(attached, 1000)
    await leave(works, 280)
    await leave(always, 1000)
    await fallsAsleep(still, 1000, 'paused')
    await expect.poll(() => idleSeconds(works), patient).toBeLessThan(100)
    await expect.poll(() => idleSeconds(attached), patient).toBeLessThan(100)
    // It may have been paused before its use was written down, and is awake then.
    await expect.poll(() => get(attached), patient).toMatchObject({ state: 'running', asleep: null })
    expect(await get(works)).toMatchObject({ state: 'running', asleep: null })
    expect(await get(always)).toMatchObject({ state: 'running', idle: null, asleep: null })
    await exec(attached, 'echo word > /tmp/go')
    expect((await waiting).body).toMatchObject({ stdout: 'heard word\n', exitCode: 0 })

    // Whoever pauses one by intention finds it paused.
    await who.call('POST', `/api/v1/sandboxes/${still}/pause`)
    expect(await get(still)).toMatchObject({ state: 'paused', asleep: null })
    expect((await exec(still, 'true')).status).toBe(409)
    await who.call('POST', `/api/v1/sandboxes/${still}/resume`)
    expect((await who.call('PATCH', `/api/v1/sandboxes/${still}`, { idle: null })).body.idle).toBeNull()
    // What the tenant says is for those that are made without a word about it.
    const owner = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
    const idleOfTenant = (policy: object | null) => owner.call('PATCH', '/api/v1/tenant', { idle: policy })
    const told = await idleOfTenant({ stopAfterSeconds: 7200 })
    expect(told.body.tenant).toMatchObject({ idle: { stopAfterSeconds: 7200 } })
    const made = [
      await create(),
      (await who.call('POST', '/api/v1/sandboxes', { limits, idle: null })).body.id,
    ]
    expect((await Promise.all(made.map(get))).map((one) => one.idle)).toEqual([
      { stopAfterSeconds: 7200 },
      null,
    ])
    expect((await idleOfTenant(null)).body.tenant.idle).toBeNull()
    const refused = await who.call('PATCH', `/api/v1/sandboxes/${still}`, { idle: { pauseAfterSeconds: 5 } })
    expect(refused.status).toBe(400)
    for (const id of [attached, works, still, always, ...made])
      await who.call('DELETE', `/api/v1/sandboxes/${id}`)
  })
})
