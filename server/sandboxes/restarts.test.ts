import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'

const run = promisify(execFile)
const role = { user: 'cloche', database: 'cloche' }
const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
/** The chore looks every five seconds. */
const patient = { timeout: 60_000, interval: 200 }

describe('a sandbox that is to run unless it was stopped', { timeout: 240_000 }, () => {
  let instance: Instance
  let ann: TestClient
  let database: pg.Pool

  const connect = () => {
    const connectionString = `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`
    database = new pg.Pool({ connectionString })
  }
  beforeAll(async () => {
    instance = await openInstance('rest')
    ann = TestClient.withKey(instance.url, instance.admin.apiKey)
    connect()
  })
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const create = async (over: object = {}) => {
    const { status, body } = await ann.call('POST', '/api/v1/sandboxes', {
      ...{ limits, restart: 'unless-stopped', ...over },
    })
    expect(status).toBe(201)
    return body.id as string
  }
  const state = async (id: string) => (await ann.call('GET', `/api/v1/sandboxes/${id}`)).body.state
  const becomes = (id: string, wanted: string) => expect.poll(() => state(id), patient).toBe(wanted)
  /** As when the kernel or a program inside ends it. */
  const end = (id: string) => {
    const boxes = join(instance.home, 'boxes')
    const records = readdirSync(boxes).flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(boxes, name, 'record.json'), 'utf8'))]
      } catch {
        return [] // one of the pool is just being removed
      }
    })
    process.kill(records.find(({ sandboxId }) => sandboxId === id).init.pid, 'SIGKILL')
  }
  const row = async (id: string) =>
    (await database.query('SELECT restarts, "restartAt" FROM sandbox WHERE id = $1', [id])).rows[0]
  const audit = async (id: string) =>
    (await ann.call('GET', `/api/v1/audit?limit=100`)).body.items
      .filter((one: { target: string }) => one.target === id)
      .map((one: { action: string }) => one.action)

  it('is started again when it has ended, with its disk, and with a longer pause each time', async () => {
    const id = await create()
    await ann.call('PUT', `/api/v1/sandboxes/${id}/files?path=kept`, 'mine')
    for (const tries of [1, 2]) {
      end(id)
      await expect.poll(async () => (await row(id)).restarts, patient).toBe(tries)
      await becomes(id, 'running')
      const { restartAt } = await row(id)
      expect(restartAt.getTime() - Date.now()).toBeGreaterThan(tries === 1 ? 0 : 5000)
    }
    const { body } = await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command: 'cat kept' })
    expect(body.stdout).toBe('mine')
    expect(await audit(id)).toContain('sandbox.restart')
    // What has run for a while begins anew.
    await database.query(
      `UPDATE sandbox SET "startedAt" = "startedAt" - interval '2 minutes' WHERE id = $1`,
      [id],
    )
    await expect.poll(async () => row(id), patient).toEqual({ restarts: 0, restartAt: null })
  })

  it('stays down when it was stopped, or is not to be started again', async () => {
    const [stopped, other, witness] = [await create(), await create({ restart: 'no' }), await create()]
    expect((await ann.call('POST', `/api/v1/sandboxes/${stopped}/stop`, {})).status).toBe(200)
    end(other)
    await becomes(other, 'stopped')
    end(witness)
    await expect.poll(async () => (await row(witness)).restarts, patient).toBe(1)
    await becomes(witness, 'running')
    expect([await state(stopped), await state(other)]).toEqual(['stopped', 'stopped'])
    // Somebody changes their mind, and starts it: from then on it is kept running.
    await ann.call('PATCH', `/api/v1/sandboxes/${other}`, { restart: 'unless-stopped' })
    await becomes(other, 'running')
    await ann.call('POST', `/api/v1/sandboxes/${stopped}/start`, {})
    end(stopped)
    await expect.poll(async () => (await row(stopped)).restarts, patient).toBe(1)
    await becomes(stopped, 'running')
  })

  it('stays down when it is stopped while it is being started again', async () => {
    const id = await create()
    const other = new pg.Client({ host: `/run/cloche/${instance.name}/postgres`, ...role })
    await other.connect()
    try {
      await other.query('BEGIN')
      await other.query('SELECT FROM tenant FOR NO KEY UPDATE')
      end(id)
      // It waits for room in the quota.
      await expect.poll(async () => (await row(id)).restarts, patient).toBe(1)
      const waiting = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
      await expect.poll(async () => (await database.query(waiting)).rowCount, patient).toBeGreaterThan(0)
      expect((await ann.call('POST', `/api/v1/sandboxes/${id}/stop`, {})).status).toBe(200)
      await other.query('COMMIT')
      await expect.poll(async () => (await database.query(waiting)).rowCount, patient).toBe(0)
    } finally {
      await other.end()
    }
    // Another one that ends now is started in a later round.
    const witness = await create()
    end(witness)
    await expect.poll(async () => (await row(witness)).restarts, patient).toBe(1)
    await becomes(witness, 'running')
    expect(await state(id)).toBe('stopped')
    expect(await audit(id)).not.toContain('sandbox.restart')
  })

  it('is started again with its machine', async () => {
    const [kept, left] = [await create(), await create({ restart: 'no' })]
    await database.end()
    await run('bin/cloche', ['down'], { env: instance.env })
    await run('bin/cloche', ['up', '--detach'], { env: instance.env })
    connect()
    await becomes(kept, 'running')
    expect(await state(left)).toBe('stopped')
  })

  it('that cannot be started is tried again later', async () => {
    const id = await create()
    const other = "UPDATE tenant SET quota = jsonb_set(quota::jsonb, '{cpus}', $1::jsonb)"
    const { rows } = await database.query('SELECT quota FROM tenant')
    await database.query(other, ['0.1'])
    end(id)
    await expect.poll(async () => (await row(id)).restarts, patient).toBeGreaterThan(0)
    expect(await state(id)).toBe('stopped')
    await database.query(other, [JSON.stringify(rows[0].quota.cpus)])
    await becomes(id, 'running')
  })
})
