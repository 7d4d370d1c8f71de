import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, Conflict, InvalidRequest, NotFound, type Sandbox } from '../../sdk/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }
/** A server looks every two seconds. */
const patient = { timeout: 30_000, interval: 200 }

describe('schedules', { timeout: 120_000 }, () => {
  let instance: Instance
  let other: AnotherServer
  let database: pg.Client
  let owner: TestClient
  let cloche: Cloche
  let stranger: Cloche
  let desk: Sandbox

  const tenant = async (email: string) => {
    const client = await TestClient.signUp(instance.url, email)
    const { body } = await client.call('POST', '/api/v1/keys', { name: 'schedules' })
    return { client, cloche: new Cloche({ url: instance.url, apiKey: body.key }) }
  }
  const connect = async () => {
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    const client = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await client.connect()
    return client
  }
  beforeAll(async () => {
    instance = await sharedInstance()
    other = await AnotherServer.start(instance)
    database = await connect()
    ;({ client: owner, cloche } = await tenant('owner@example.org'))
    stranger = (await tenant('stranger@example.org')).cloche
    desk = await cloche.sandboxes.create({ limits, name: 'desk' })
  }, 300_000)
  afterAll(async () => {
    await database?.end()
    await other?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  /** Makes it due since some time, and waits until it was performed. */
  const due = async (id: string, ago = '1 second') => {
    const { rows } = await database.query(
      `UPDATE schedule SET "nextAt" = now() AT TIME ZONE 'UTC' - $2::INTERVAL, "lastAt" = NULL, "lastOutcome" = NULL
       WHERE id = $1 RETURNING lease`,
      [id, ago],
    )
    await expect.poll(async () => (await cloche.schedules.describe(id)).last?.outcome, patient).toBeDefined()
    const { last } = await cloche.schedules.describe(id)
    const { rows: after } = await database.query('SELECT lease FROM schedule WHERE id = $1', [id])
    return { ...last, times: after[0].lease - rows[0].lease }
  }
  const snapshots = async () => {
    const found: string[] = []
    for await (const { name } of cloche.snapshots.list({ sandbox: desk.id })) found.push(name)
    return found
  }
  const audited = async (action: string) =>
    (await owner.call('GET', `/api/v1/audit?action=${action}&limit=200`)).body.items

  it('take snapshots, also of a stopped sandbox, and remove their own old ones only', async () => {
    const own = await desk.snapshot({ name: 'of the user' })
    const { id, nextAt } = await cloche.schedules.create({
      ...{ name: 'nightly', action: 'snapshot', sandbox: desk.id, keep: 2 },
      ...{ cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
    })
    expect(new Date(nextAt ?? 0).getTime()).toBeGreaterThan(Date.now())
    expect(await due(id)).toMatchObject({ outcome: 'succeeded', message: null, times: 1 })
    const [first] = await snapshots()
    expect(first).toMatch(/^nightly at /)
    const { id: kept } = (await cloche.snapshots.list({ sandbox: desk.id }).next()).value ?? own
    await cloche.snapshots.rename(kept, 'kept by the user')
    await desk.stop({ graceSeconds: 0 })
    for (const _ of [1, 2, 3]) expect(await due(id)).toMatchObject({ outcome: 'succeeded' })
    const left = await snapshots()
    expect(left.filter((name) => name.startsWith('nightly'))).toHaveLength(2)
    expect(left).toHaveLength(4)
    expect(left).toEqual(expect.arrayContaining(['of the user', 'kept by the user']))
    // They stay when it goes.
    await cloche.schedules.delete(id)
    expect(await snapshots()).toEqual(left)
    expect((await audited('snapshot.create'))[0].actor).toBe('schedule nightly')
    for await (const one of cloche.snapshots.list({ sandbox: desk.id })) await cloche.snapshots.delete(one.id)
  })

  it('do once what was missed many times', async () => {
    const { id } = await cloche.schedules.create({
      action: 'snapshot',
      sandbox: desk.id,
      cron: '*/5 * * * *',
    })
    expect(await due(id, '3 days')).toMatchObject({ outcome: 'succeeded', times: 1 })
    const { nextAt } = await cloche.schedules.describe(id)
    expect(new Date(nextAt ?? 0).getTime()).toBeGreaterThan(Date.now())
    expect(await snapshots()).toHaveLength(1)
    await cloche.schedules.update(id, { enabled: false })
    expect((await cloche.schedules.describe(id)).nextAt).toBeNull()
    await expect(cloche.schedules.run(id)).rejects.toBeInstanceOf(Conflict)
    await cloche.schedules.delete(id)
  })

  it('wake a sandbox that is stopped or paused, and stop one that runs', async () => {
    const wake = await cloche.schedules.create({ action: 'wake', sandbox: desk.id, cron: '@daily' })
    const stop = await cloche.schedules.create({ action: 'stop', sandbox: desk.id, cron: '@daily' })
    for (const how of ['stopped', 'paused', 'running'] as const) {
      if (how === 'paused') await desk.pause()
      expect((await desk.describe()).state).toBe(how)
      expect(await due(wake.id)).toMatchObject({ outcome: 'succeeded' })
      expect((await desk.describe()).state).toBe('running')
    }
    for (const _ of [1, 2]) {
      expect(await due(stop.id)).toMatchObject({ outcome: 'succeeded' })
      expect((await desk.describe()).state).toBe('stopped')
    }
    await cloche.schedules.delete(stop.id)
  })

  it('tell why they failed, and try again the next time', async () => {
    const { id: tenantId } = (await cloche.me()).tenant
    const { limits: quota } = await cloche.quota()
    const operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    const bound = async (memoryMiB: number) => {
      const { status } = await operator.call('PATCH', `/api/v1/admin/tenants/${tenantId}`, {
        quota: { ...quota, memoryMiB },
      })
      expect(status).toBeLessThan(300)
    }
    const { value: wake } = await cloche.schedules.list({ sandbox: desk.id }).next()
    if (wake === undefined) throw new Error('there is no schedule')
    await bound(32)
    expect(await due(wake.id)).toMatchObject({
      ...{ outcome: 'failed', message: expect.stringContaining('quota has 32 of memoryMiB left') },
    })
    expect((await desk.describe()).state).toBe('stopped')
    const [entry] = await audited('schedule.fail')
    expect(entry).toMatchObject({ target: wake.id, actor: `schedule ${wake.name}` })
    await bound(quota.memoryMiB)
    expect(await due(wake.id)).toMatchObject({ outcome: 'succeeded', message: null })
    await cloche.schedules.delete(wake.id)
  })

  it('make templates anew of what a volume or a sandbox has by then', async () => {
    const volume = await cloche.volumes.create({ name: 'context', sizeMiB: 16 })
    const files = cloche.volumes.files(volume.id)
    await files.mkdir('/course')
    await files.write('/course/Dockerfile', 'FROM base\nRUN echo one >/greeting')
    const { id } = await cloche.schedules.create({
      ...{ name: 'weekly', action: 'rebuild', template: 'course', cron: '@weekly' },
      from: { volume: volume.id, path: '/course', options: { limits } },
    })
    const ends = async () => {
      await due(id)
      await expect
        .poll(async () => (await cloche.schedules.describe(id)).last?.outcome, patient)
        .not.toBe('running')
      return (await cloche.schedules.describe(id)).last
    }
    expect(await ends()).toMatchObject({ outcome: 'succeeded', build: expect.stringMatching(/^bd_/) })
    const greeting = async () => {
      await using sandbox = await cloche.sandboxes.create({ template: 'course', limits })
      return (await sandbox.exec('cat /greeting')).stdout
    }
    expect(await greeting()).toBe('one\n')
    await files.write('/course/Dockerfile', 'FROM base\nRUN exit 3')
    expect(await ends()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('exit code 3') })
    expect(await greeting()).toBe('one\n')
    await desk.files.write('course/Dockerfile', 'FROM base\nRUN echo two >/greeting')
    await cloche.schedules.update(id, { from: { sandbox: desk.id, path: 'course', options: { limits } } })
    expect(await ends()).toMatchObject({ outcome: 'succeeded' })
    expect(await greeting()).toBe('two\n')
    // Every time anew, and without a file there is none.
    await desk.files.remove('course', { recursive: true })
    expect(await ends()).toMatchObject({ outcome: 'failed' })
    await cloche.schedules.update(id, { from: { image: 'nowhere:1.0' } })
    expect(await ends()).toMatchObject({ outcome: 'failed', message: 'image not found' })
    await cloche.schedules.delete(id)
  })

  it('are bounded, refused when they make no sense, and of one tenant', async () => {
    const wanted = { action: 'wake', sandbox: desk.id, cron: '@daily' } as const
    await expect(cloche.schedules.create({ ...wanted, cron: '* * * * *' })).rejects.toThrow(/every 5 minutes/)
    await expect(cloche.schedules.create({ ...wanted, cron: '0 0 30 2 *' })).rejects.toBeInstanceOf(
      InvalidRequest,
    )
    await expect(cloche.schedules.create({ ...wanted, timeZone: 'Mars/Base' })).rejects.toThrow(/time zone/)
    await expect(stranger.schedules.create(wanted)).rejects.toBeInstanceOf(NotFound)
    const { id } = await cloche.schedules.create({ ...wanted, name: 'once' })
    await expect(cloche.schedules.create({ ...wanted, name: 'once' })).rejects.toBeInstanceOf(Conflict)
    await expect(cloche.schedules.update(id, { keep: 3 })).rejects.toThrow(/keep/)
    await expect(cloche.schedules.update(id, { cron: '*/2 * * * *' })).rejects.toBeInstanceOf(InvalidRequest)
    await expect(stranger.schedules.describe(id)).rejects.toBeInstanceOf(NotFound)
    expect((await stranger.schedules.list({ sandbox: desk.id }).next()).value).toBeUndefined()
    const made: unknown[] = []
    for (let at = 1; at < 50; at++) made.push(await cloche.schedules.create(wanted))
    const answers = await Promise.allSettled([
      cloche.schedules.create(wanted),
      cloche.schedules.create(wanted),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(cloche.schedules.create(wanted)).rejects.toThrow(/at most 50 schedules/)
  })

  it('are performed once, whichever of two servers sees first that they are due', async () => {
    const { rowCount } = await database.query(
      `UPDATE schedule SET action = 'snapshot', keep = 50, "nextAt" = now() AT TIME ZONE 'UTC' WHERE id IN (SELECT id FROM schedule LIMIT 20)`,
    )
    expect(rowCount).toBe(20)
    const before = (await audited('snapshot.create')).length
    const done = `SELECT id FROM schedule WHERE action = 'snapshot' AND "lastOutcome" = 'succeeded'`
    await expect
      .poll(async () => (await database.query(done)).rowCount, { ...patient, timeout: 90_000 })
      .toBe(20)
    expect((await database.query('SELECT FROM schedule WHERE lease > 1')).rowCount).toBe(0)
    expect((await audited('snapshot.create')).length - before).toBe(20)
    await database.query('DELETE FROM schedule')
    for await (const one of cloche.snapshots.list()) await cloche.snapshots.delete(one.id)
  })

  it('are begun again when the server dies that performs them, and leave one snapshot', async () => {
    await other.end('SIGKILL')
    const { id } = await cloche.schedules.create({ action: 'snapshot', sandbox: desk.id, cron: '@daily' })
    const { id: tenantId } = (await cloche.me()).tenant
    const lock = await connect()
    await lock.query('BEGIN')
    await lock.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
    await database.query(`UPDATE schedule SET "nextAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`, [id])
    const lease = async () =>
      (await database.query('SELECT lease FROM schedule WHERE id = $1 AND "leaseUntil" IS NOT NULL', [id]))
        .rows[0]?.lease
    await expect.poll(lease, patient).toBe(1)
    process.kill((await instance.processes()).get('server') ?? 0, 'SIGKILL')
    await lock.query('ROLLBACK')
    await lock.end()
    await other.restart()
    const shown = async () => (await database.query('SELECT "lastOutcome", lease FROM schedule')).rows[0]
    await expect
      .poll(shown, { timeout: 90_000, interval: 500 })
      .toEqual({ lastOutcome: 'succeeded', lease: 2 })
    const taken = 'SELECT FROM snapshot WHERE ready AND "tenantId" = $1'
    expect((await database.query(taken, [tenantId])).rowCount).toBe(1)
  })

  it('go with their sandbox', async () => {
    await expect
      .poll(
        () =>
          desk.describe().then(
            () => true,
            () => false,
          ),
        patient,
      )
      .toBe(true) // the server is back
    expect((await cloche.schedules.list({ sandbox: desk.id }).next()).value).toBeDefined()
    await desk.delete()
    expect((await cloche.schedules.list().next()).value).toBeUndefined()
  })
})
