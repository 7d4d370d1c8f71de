import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { type Database, openDatabase } from '../database/client.js'
import { record } from './meter.js'

const limits = { cpus: 1, memoryMiB: 512, diskMiB: 1024, pids: 256 }

describe('metering by several servers', () => {
  let home: TestDatabase
  let database: Database
  beforeAll(async () => {
    home = await openTestDatabase('mt')
    database = openDatabase(home.url)
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  const make = async () => {
    const [tenantId, id] = [newId('tn'), newId('sb')]
    await database.pool.query(`INSERT INTO tenant (id, name) VALUES ($1, 't')`, [tenantId])
    await database.pool.query(
      `INSERT INTO sandbox (id, "tenantId", name, template, state, limits, network, isolation, env, metadata, "startedAt")
       VALUES ($1, $2, 's', 'base', 'running', $3, '"none"', 'standard', '{}', '{}', now() AT TIME ZONE 'UTC' - interval '1 hour')`,
      [id, tenantId, limits],
    )
    /** What the node says of it when it has used so many seconds of processor time. */
    const reading = (cpuSeconds: number, oomKills = 0): RuntimeSandbox[] => [
      runtimeSandbox.parse({
        ...{ id, tenantId, template: 'base', state: 'running', failure: null, limits, network: 'none' },
        ...{ isolation: 'standard', allowedNames: [], warm: false },
        usage: {
          ...{
            cpuSeconds,
            cpuThrottledSeconds: 0,
            memoryBytes: 1000,
            memoryPeakBytes: 1000,
            diskBytes: 1,
            pids: 1,
            oomKills,
          },
          ...{ diskReadBytes: cpuSeconds, diskWriteBytes: 0, networkRxBytes: 0, networkTxBytes: 0 },
        },
      }),
    ]
    const counted = async () => {
      const { rows } = await database.pool.query(
        `SELECT sum("cpuSeconds") AS cpu, sum("sandboxSeconds") AS seconds FROM usage_hour WHERE "tenantId" = $1`,
        [tenantId],
      )
      return { cpu: rows[0]?.cpu, hours: Math.round((rows[0]?.seconds ?? 0) / 36) / 100 }
    }
    /** How many processes were killed for want of memory, as events tell it. */
    const kills = async () => {
      const { rows } = await database.pool.query(
        `SELECT data->'kills' AS kills FROM event_outbox WHERE "tenantId" = $1 AND type = 'sandbox.out_of_memory' ORDER BY number`,
        [tenantId],
      )
      return rows.map((row) => row.kills)
    }
    return { reading, counted, kills }
  }

  it('tells once that the kernel has killed processes at the limit of memory', async () => {
    const { reading, kills } = await make()
    await record(database, async () => reading(1))
    await record(database, async () => reading(2, 2))
    await record(database, async () => reading(3, 2))
    expect(await kills()).toEqual([2])
    await record(database, async () => reading(4, 3))
    expect(await kills()).toEqual([2, 1])
  })

  it('counts what was used once, whoever reads it and how often', async () => {
    const { reading, counted } = await make()
    const dropped = await Promise.all(
      Array.from({ length: 8 }, () => record(database, async () => reading(10))),
    )
    expect(dropped.some((count) => count === 0)).toBe(true)
    expect(await counted()).toEqual({ cpu: 10, hours: 1 })
  })

  it('drops what a server read before it hung, and counts it with the next reading', async () => {
    const { reading, counted } = await make()
    let goOn = () => {}
    let asked = () => {}
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const hanging = record(database, async () => {
      await new Promise<void>((resolve) => {
        goOn = resolve
        asked()
      })
      return reading(5)
    })
    await isAsked
    expect(await record(database, async () => reading(20))).toBe(0)
    goOn()
    expect(await hanging).toBe(1)
    expect(await counted()).toEqual({ cpu: 20, hours: 1 })
    expect(await record(database, async () => reading(23))).toBe(0)
    expect(await counted()).toEqual({ cpu: 23, hours: 1 })
  })

  it('counts from nothing when the counters of a node began again', async () => {
    const { reading, counted } = await make()
    for (const seconds of [10, 2, 5]) await record(database, async () => reading(seconds))
    expect((await counted()).cpu).toBe(13)
  })
})
