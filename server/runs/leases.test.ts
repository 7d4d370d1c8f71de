import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { type Database, openDatabase } from '../database/client.js'
import { RunLeases } from './leases.js'
import { RunStore } from './store.js'

const ok: RuntimeRunResult = { status: 'ok', steps: [], cases: [], artifacts: [], message: null }
const bounds = { running: 2, queued: 50, storageMiB: 1 }
const parts = { running: bounds.running, retentionHours: 1 }

describe('leases of runs', () => {
  let home: TestDatabase
  let database: Database
  /** Two servers, as the database knows them. */
  const stores: RunStore[] = []
  const leases: RunLeases[] = []

  beforeAll(async () => {
    home = await openTestDatabase('ls')
    database = openDatabase(home.url)
    for (const server of ['sv_a', 'sv_b']) {
      stores.push(new RunStore(database, server, bounds))
      leases.push(new RunLeases(database, { server, ...parts }))
    }
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    await database.pool.query('DELETE FROM tenant')
  })

  const [a, b] = [0, 1]
  const store = (at: number) => stores[at] ?? expect.fail()
  const lease = (at: number) => leases[at] ?? expect.fail()
  const tenant = async (quota: object = {}) => {
    const id = newId('tn')
    await database.pool.query(`INSERT INTO tenant (id, name, quota) VALUES ($1, 't', $2)`, [
      id,
      { cpus: 8, memoryMiB: 8192, diskMiB: 40960, pids: 4096, sandboxes: 20, ...quota },
    ])
    return id
  }
  const post = async (tenantId: string, seated = false, at = a, name = '', ownerId = '') => {
    const run = {
      ...{ id: newId('rn'), tenantId, language: null, template: 'base', request: '{}', metadata: { name } },
      ...{
        casesTotal: null,
        idempotencyKey: null,
        requestHash: '',
        createdBy: '',
        ownerId,
        callbackUrl: null,
        keyId: null,
      },
    }
    const row = await store(at).insert(run, seated)
    return typeof row === 'string' || !('state' in row) ? expect.fail(String(row)) : row
  }
  /** Takes and ends runs one after the other, and says which. */
  const drain = async (turns: number) => {
    const names: (string | undefined)[] = []
    for (let at = 0; at < turns; at++) {
      const taken = await lease(at % 2).take()
      names.push(taken?.row.metadata.name)
      if (taken !== undefined) await lease(at % 2).finish(taken.row, ok)
    }
    return names
  }
  const counts = async (tenantId: string) => {
    const { rows } = await database.pool.query(
      `SELECT usage.queued, usage.running, usage.bytes::INTEGER,
         (SELECT count(*)::INTEGER FROM run WHERE "tenantId" = $1 AND state = 'queued') AS "isQueued",
         (SELECT count(*)::INTEGER FROM run WHERE "tenantId" = $1 AND state = 'running') AS "isRunning",
         (SELECT coalesce(sum(stored_bytes(run)), 0)::INTEGER FROM run WHERE "tenantId" = $1) AS "isBytes"
       FROM run_usage AS usage WHERE "tenantId" = $1`,
      [tenantId],
    )
    const { queued, running, bytes, isQueued, isRunning, isBytes } = rows[0]
    expect([queued, running, bytes]).toEqual([isQueued, isRunning, isBytes])
    return { queued, running }
  }
  const expire = (id: string) =>
    database.pool.query(
      `UPDATE run SET "leaseUntil" = now() AT TIME ZONE 'UTC' - interval '1 ms' WHERE id = $1`,
      [id],
    )

  it('are given in order within a tenant', async () => {
    const ann = await tenant()
    for (const name of ['0', '1', '2']) await post(ann, false, a, name)
    expect(await drain(4)).toEqual(['0', '1', '2', undefined])
    expect(await counts(ann)).toEqual({ queued: 0, running: 0 })
  })

  it('are given to the tenant that was served longest ago, however many another one has posted before', async () => {
    const [ann, ben] = [await tenant(), await tenant()]
    for (let at = 0; at < 10; at++) {
      await post(ann, false, a, `a${at}`)
      await sleep(2) // times are in milliseconds
    }
    expect(await drain(2)).toEqual(['a0', 'a1'])
    for (const name of ['b0', 'b1']) await post(ben, false, b, name)
    expect(await drain(5)).toEqual(['b0', 'a2', 'b1', 'a3', 'a4'])
  })

  it('hold a tenant to its bound over all servers, whoever asks at the same instant', async () => {
    const [ann, ben] = [await tenant(), await tenant({ runs: 1 })]
    for (let at = 0; at < 10; at++) await Promise.all([post(ann, true, at % 2), post(ben, true, at % 2)])
    expect(await counts(ann)).toEqual({ queued: 8, running: 2 })
    expect(await counts(ben)).toEqual({ queued: 9, running: 1 })
    const all = await Promise.all(Array.from({ length: 12 }, (_, at) => lease(at % 2).take()))
    expect(all.filter(Boolean)).toEqual([])
    const { rows } = await database.pool.query(`SELECT id, lease FROM run WHERE state = 'running'`)
    await Promise.all(rows.map((row) => lease(a).finish(row, ok)))
    const next = await Promise.all(Array.from({ length: 12 }, (_, at) => lease(at % 2).take()))
    expect(
      next
        .filter(Boolean)
        .map((one) => one?.row.tenantId)
        .toSorted(),
    ).toEqual([ann, ann, ben].toSorted())
    expect(await counts(ann)).toEqual({ queued: 6, running: 2 })
  })

  it('hold a student to their own bound over all servers, and keep no classmate waiting', async () => {
    const id = await tenant({ runs: 10 })
    await database.pool.query('UPDATE tenant SET "studentQuota" = $2 WHERE id = $1', [
      ...[id, { runs: 2, queuedRuns: 5 }],
    ])
    for (let at = 0; at < 7; at++) await post(id, true, at % 2, `a${at}`, 'us_ann')
    expect(await counts(id)).toEqual({ queued: 5, running: 2 })
    await expect(post(id, true, a, 'a7', 'us_ann')).rejects.toThrow('own_queue')
    // Neither a classmate nor staff stands behind those that may not begin.
    expect((await post(id, true, b, 'b0', 'us_ben')).state).toBe('running')
    expect((await post(id, true, b, 's0')).state).toBe('running')
    const none = await Promise.all(Array.from({ length: 8 }, (_, at) => lease(at % 2).take()))
    expect(none.filter(Boolean)).toEqual([])
    // Of those who wait it is the turn of who has the fewest under way, however late they came.
    for (const name of ['b1', 'b2']) await post(id, false, a, name, 'us_ben')
    await post(id, false, a, 'c0', 'us_cat')
    const names = async () => {
      const all = await Promise.all(Array.from({ length: 8 }, (_, at) => lease(at % 2).take()))
      return all.flatMap((one) => one?.row.metadata.name ?? []).toSorted()
    }
    expect(await names()).toEqual(['b1', 'c0'])
    const ended = await database.pool.query(
      `SELECT id, lease FROM run WHERE state = 'running' AND "ownerId" = 'us_ann'`,
    )
    await Promise.all(ended.rows.map((row) => lease(a).finish(row, ok)))
    expect(await names()).toEqual(['a2', 'a3'])
    const line = async (owner: string) => {
      const { rows } = await database.pool.query(
        'SELECT queued, running, bytes::INTEGER, most FROM run_owner_usage WHERE "ownerId" = $1',
        [owner],
      )
      return rows[0]
    }
    expect(await line('us_ann')).toMatchObject({ queued: 3, running: 2, most: 2 })
    // More at once from now on, also of those that wait already.
    await database.pool.query('UPDATE tenant SET "studentQuota" = $2 WHERE id = $1', [id, { runs: 4 }])
    await database.pool.query('SELECT refresh_student_runs($1)', [id])
    expect(await names()).toEqual(['a4', 'a5', 'b2'])
    await database.pool.query('DELETE FROM run')
    expect(await line('us_ann')).toMatchObject({ queued: 0, running: 0, bytes: 0 })
  })

  it('are given at once to the server that was asked, but not before others of the tenant', async () => {
    const ann = await tenant()
    expect(await post(ann, true)).toMatchObject({ state: 'running', attempt: 1, lease: 1 })
    expect(await post(ann, false)).toMatchObject({ state: 'queued', attempt: 0, lease: 0, startedAt: null })
    expect(await post(ann, true)).toMatchObject({ state: 'queued' })
  })

  it('leave a queue at its bound, and a paused tenant alone', async () => {
    const ann = await tenant()
    const run = {
      ...{ tenantId: ann, language: null, template: 'base', request: '{}', metadata: {}, casesTotal: null },
      ...{
        idempotencyKey: null,
        requestHash: '',
        createdBy: '',
        ownerId: '',
        callbackUrl: null,
        keyId: null,
      },
    }
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, at) => store(at % 2).insert({ ...run, id: newId('rn') }, false)),
    )
    expect(all.filter((one) => one === 'queue')).toHaveLength(10)
    await database.pool.query('UPDATE tenant SET paused = true WHERE id = $1', [ann])
    expect(await lease(a).take()).toBeUndefined()
    expect(await store(a).insert({ ...run, id: newId('rn') }, true)).toBe('paused')
    await store(a).deleteFinished({ tenantId: ann }, new Date())
    await database.pool.query('DELETE FROM run WHERE "tenantId" = $1', [ann])
    expect(await counts(ann)).toEqual({ queued: 0, running: 0 })
  })

  it('of a server that died go to another one, and what the first one says later changes nothing', async () => {
    const ann = await tenant()
    const { id } = await post(ann, true, a)
    const held = { id, lease: 1 }
    await lease(b).takeBack([], 3)
    expect(await lease(b).take()).toBeUndefined() // it lives: its lease is not over
    await expire(id)
    await lease(a).takeBack([id], 3)
    expect(await lease(a).renew([held])).toEqual(new Set([id])) // it was merely slow
    await expire(id)
    await lease(b).takeBack([], 3)
    const taken = await lease(b).take()
    expect(taken?.row).toMatchObject({ id, attempt: 2, lease: 2 })
    expect(await lease(a).renew([held])).toEqual(new Set())
    expect(await lease(a).finish(held, { ...ok, status: 'runtime_error' })).toBeUndefined()
    expect(await lease(a).requeue(held, true, 0)).toBe(false)
    expect(await counts(ann)).toEqual({ queued: 0, running: 1 })
    expect(await lease(b).finish({ id, lease: 2 }, ok)).toMatchObject({ row: { status: 'ok', attempt: 2 } })
    expect(await lease(b).finish({ id, lease: 2 }, { ...ok, status: 'runtime_error' })).toBeUndefined()
    expect((await store(a).find(id))?.status).toBe('ok')
  })

  it('that were lost too often are left to be ended', async () => {
    const ann = await tenant()
    const { id } = await post(ann, true, a)
    await database.pool.query('UPDATE run SET attempt = 3 WHERE id = $1', [id])
    await expire(id)
    expect(await lease(b).takeBack([], 3)).toEqual([{ id, lease: 1 }])
  })

  it('wait after a failed attempt, and what was not begun is not counted', async () => {
    const ann = await tenant()
    const { id } = await post(ann, true, a)
    expect(await lease(a).requeue({ id, lease: 1 }, false, 60_000)).toBe(true)
    expect(await lease(b).take()).toBeUndefined()
    await database.pool.query(
      "UPDATE run SET \"notBefore\" = now() AT TIME ZONE 'UTC' - interval '1 second' WHERE id = $1",
      [id],
    )
    expect((await lease(b).take())?.row).toMatchObject({ id, attempt: 1, lease: 2 })
  })

  it('end with a run that is canceled', async () => {
    const ann = await tenant()
    const [going, waiting] = [await post(ann, true), await post(ann)]
    for (const { id } of [going, waiting])
      expect(await lease(b).cancel(id)).toMatchObject({ state: 'canceled' })
    expect(await lease(a).renew([{ id: going.id, lease: 1 }])).toEqual(new Set())
    expect(await lease(a).finish({ id: going.id, lease: 1 }, ok)).toBeUndefined()
    expect(await lease(a).take()).toBeUndefined()
    expect(await counts(ann)).toEqual({ queued: 0, running: 0 })
  })
})
