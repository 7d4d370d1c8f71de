import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ClientToServer, ServerToClient, SocketAck, SocketAttached } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { RuntimeClient } from '../runtime-client/client.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
/** Who is active is written down every five seconds. */
const patient = { timeout: 40_000, interval: 200 }
const policy = { pauseAfterSeconds: 600, stopAfterSeconds: 7200 }

describe('what keeps a sandbox awake', { timeout: 120_000 }, () => {
  let instance: Instance
  let program: TestClient
  let person: TestClient
  let database: pg.Pool

  beforeAll(async () => {
    instance = await openInstance('awak', { CLOCHE_IDLE: 'stop=3h' })
    program = TestClient.withKey(instance.url, instance.admin.apiKey)
    person = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
    database = new pg.Pool({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
  })
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const create = async (idle?: object | null) =>
    (await program.call('POST', '/api/v1/sandboxes', { limits, ...(idle === undefined ? {} : { idle }) }))
      .body
  const get = async (id: string) => (await program.call('GET', `/api/v1/sandboxes/${id}`)).body
  const leave = (id: string, seconds: number) =>
    database.query(
      `UPDATE sandbox SET "activeAt" = now() AT TIME ZONE 'UTC' - make_interval(secs => $2) WHERE id = $1`,
      [id, seconds],
    )
  /** Until what was noticed before is written down, and says nothing of what comes. */
  const leaveFor = (id: string, seconds: number) =>
    expect
      .poll(async () => {
        await leave(id, seconds)
        return (await get(id)).sleepsSoon !== null
      }, patient)
      .toBe(true)
  /** Something is written down after all that was noticed before. */
  const nextRound = async () => {
    const witness = (await create({ pauseAfterSeconds: 3600 })).id
    await leave(witness, 1000)
    await program.call('POST', `/api/v1/sandboxes/${witness}/exec`, { command: 'true' })
    const idle = `SELECT "activeAt" > now() AT TIME ZONE 'UTC' - interval '900 s' AS used FROM sandbox WHERE id = $1`
    await expect.poll(async () => (await database.query(idle, [witness])).rows[0]?.used, patient).toBe(true)
    await program.call('DELETE', `/api/v1/sandboxes/${witness}`)
  }

  it('is told two minutes before it is put to sleep, and no more when somebody says that it is used', async () => {
    const { id, sleepsSoon } = await create(policy)
    expect(sleepsSoon).toBeNull()
    await leaveFor(id, 500)
    const warned = await get(id)
    expect(warned.sleepsSoon.how).toBe('paused')
    expect(warned.sleepsSoon.inSeconds).toBeGreaterThan(60)
    expect(warned.sleepsSoon.inSeconds).toBeLessThanOrEqual(100)
    expect((await person.call('POST', `/api/v1/sandboxes/${id}/keep-awake`, {})).status).toBe(204)
    expect((await get(id)).sleepsSoon).toBeNull()
    await program.call('PATCH', `/api/v1/sandboxes/${id}`, { idle: { stopAfterSeconds: 60 } })
    // Half of the time of a short policy.
    expect((await get(id)).sleepsSoon).toBeNull()
    await leaveFor(id, 35)
    expect((await get(id)).sleepsSoon).toMatchObject({ how: 'stopped' })
    await program.call('PATCH', `/api/v1/sandboxes/${id}`, { idle: null })
    expect((await get(id)).sleepsSoon).toBeNull()
    await program.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('wakes by that when it sleeps', async () => {
    const { id } = await create(policy)
    await expect
      .poll(async () => {
        await leave(id, 1000)
        return get(id)
      }, patient)
      .toMatchObject({ state: 'paused', asleep: 'paused' })
    // A page that asks by itself neither uses it nor wakes it.
    const asked = await person.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: 'true' }, unattended)
    expect(asked.body.code).toBe('sandbox_not_running')
    expect(await get(id)).toMatchObject({ state: 'paused', asleep: 'paused' })
    await person.call('POST', `/api/v1/sandboxes/${id}/keep-awake`, {})
    expect(await get(id)).toMatchObject({ state: 'running', asleep: null, sleepsSoon: null })
    await program.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('is what is done in a page, and not that it is open; for a program, that it is open', async () => {
    const [opened, typed, held] = [
      (await create(policy)).id,
      (await create(policy)).id,
      (await create(policy)).id,
    ]
    const lines = [await terminalOf(person, opened), await terminalOf(person, typed)]
    const ofProgram = await terminalOf(program, held)
    for (const id of [opened, typed]) await leaveFor(id, 500)
    await leave(held, 500)
    await person.call('GET', `/api/v1/sandboxes/${opened}/ports`, undefined, unattended)
    lines[1]?.line.emit('input', lines[1].terminalId, Buffer.from('\n'))
    await nextRound()
    expect((await get(typed)).sleepsSoon).toBeNull()
    expect((await get(held)).sleepsSoon).toBeNull()
    // Metering may still have seen how its shell began.
    await expect
      .poll(async () => {
        await leaveFor(opened, 500)
        await nextRound()
        return (await get(opened)).sleepsSoon
      }, patient)
      .toMatchObject({ how: 'paused' })
    await person.call('GET', `/api/v1/sandboxes/${opened}/ports`)
    expect((await get(opened)).sleepsSoon).toBeNull()
    for (const { line } of [...lines, ofProgram]) line.disconnect()
    for (const id of [opened, typed, held]) await program.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('has the policy of the sandbox, else of its template, else of its tenant, else of the installation', async () => {
    const idleOf = async (idle?: object | null) => {
      const made = await create(idle)
      await program.call('DELETE', `/api/v1/sandboxes/${made.id}`)
      return made.idle
    }
    expect((await person.call('GET', '/api/v1/me')).body.tenant.idle).toEqual({ stopAfterSeconds: 10_800 })
    expect(await idleOf()).toEqual({ stopAfterSeconds: 10_800 })
    await person.call('PATCH', '/api/v1/tenant', { idle: { pauseAfterSeconds: 900 } })
    expect(await idleOf()).toEqual({ pauseAfterSeconds: 900 })

    using node = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
    const file = join(instance.home, 'disk/templates/base.json')
    const template = z.looseObject({}).parse(JSON.parse(await readFile(file, 'utf8')))
    await writeFile(file, JSON.stringify({ ...template, idle: { pauseAfterSeconds: 300 } }))
    await node.ask('POST', '/templates/reload', z.unknown())
    await expect
      .poll(async () => {
        const { templates } = (await program.call('GET', '/api/v1/templates')).body
        return templates.find(({ name }: { name: string }) => name === 'base').idle
      }, patient)
      .toEqual({ pauseAfterSeconds: 300 })
    expect(await idleOf()).toEqual({ pauseAfterSeconds: 300 })
    expect(await idleOf({ stopAfterSeconds: 120 })).toEqual({ stopAfterSeconds: 120 })
    expect(await idleOf(null)).toBeNull()

    await writeFile(file, JSON.stringify(template))
    await node.ask('POST', '/templates/reload', z.unknown())
    await expect.poll(() => idleOf(), patient).toEqual({ pauseAfterSeconds: 900 })
    // Who wants them awake does not get what the installation has.
    await person.call('PATCH', '/api/v1/tenant', { idle: null })
    expect((await person.call('GET', '/api/v1/me')).body.tenant.idle).toBeNull()
    expect(await idleOf()).toBeNull()
  })

  /** A terminal that is attached to, with all that its prompt writes. */
  async function terminalOf(who: TestClient, sandboxId: string) {
    const line: Socket<ServerToClient, ClientToServer> = io(`${instance.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, extraHeaders: who.extraHeaders },
    })
    let shown = ''
    const heard = (bytes: Uint8Array) => {
      shown += Buffer.from(bytes).toString()
    }
    line.on('output', (_id, _seq, bytes) => heard(bytes))
    const answer = await new Promise<SocketAck<SocketAttached>>((resolve) =>
      line.emit('open', { sandboxId, cols: 80, rows: 24 }, resolve),
    )
    if (!answer.ok) throw new Error(answer.error.message)
    // A shell that was quick has written its prompt before it is attached to.
    heard(answer.screen ?? new Uint8Array())
    await expect.poll(() => shown, patient).toContain('$ ')
    return { line, terminalId: answer.terminalId }
  }
})

const unattended = { 'cloche-unattended': 'true' }
