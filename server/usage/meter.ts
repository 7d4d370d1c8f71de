import type pg from 'pg'
import { z } from 'zod'
import { type Usage, usage } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { type Database, inTransaction } from '../database/client.js'

/** What only grows while a sandbox lives: each hour gets the difference between two readings. */
const counts = usage.pick({
  cpuSeconds: true,
  diskReadBytes: true,
  diskWriteBytes: true,
  networkRxBytes: true,
  networkTxBytes: true,
})
type Counts = z.infer<typeof counts>
const counters = counts.keyof().options
/** Of old readings it is not known how many processes were killed for want of memory. */
const metered = counts.extend({ at: z.number(), oomKills: z.number().optional() })
type Metered = z.infer<typeof metered>

/** What a tenant used between two readings. */
interface Share {
  readonly counts: Counts
  sandboxSeconds: number
  memoryByteSeconds: number
  diskByteSeconds: number
  memoryBytes: number
}

/** Milliseconds since 1970, by the clock that all servers share. */
const clock = 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::FLOAT8 AS now'

/**
 * Adds what sandboxes have used since they were last read to their tenants' hours. What a reading says is written
 * with the reading itself, in one transaction, so that a server that is killed in between neither loses nor
 * counts twice. A time without readings, with the server down, counts for the hour in which it ends.
 *
 * Several servers may read at once, and one may have been stopped in between: a reading that was asked for before the
 * last one was written may be older than it, and is dropped. What it would have added the next one adds.
 *
 * @param read what the node says; sandboxes that the database does not know are left out
 * @returns how many readings were dropped
 */
export async function record(
  database: Database,
  read: () => Promise<Iterable<RuntimeSandbox>>,
): Promise<number> {
  const askedAt = Number((await database.pool.query(clock)).rows[0]?.now)
  const usages = new Map<string, { tenantId: string; usage: Usage }>()
  for (const one of await read()) {
    if (one.usage !== null) usages.set(one.id, { tenantId: one.tenantId, usage: one.usage })
  }
  if (usages.size === 0) return 0
  return inTransaction(database.pool, async (client) => {
    const { rows } = await client.query(
      `SELECT id, name, "ownerId", "assignmentId", metered, "startedAt" FROM sandbox
       WHERE id = ANY($1) ORDER BY id FOR UPDATE`,
      [[...usages.keys()]],
    )
    const now = Number((await client.query(clock)).rows[0]?.now)
    let dropped = 0
    const shares = new Map<string, Share>()
    const readings: [string, Metered, boolean][] = []
    for (const row of rows) {
      const one = usages.get(row.id)
      if (one === undefined) continue
      const before = metered.safeParse(row.metered).data
      if (before !== undefined && before.at > askedAt) {
        dropped++
        continue
      }
      add(shares, one.tenantId, one.usage, before, before?.at ?? row.startedAt?.getTime() ?? now, now)
      const { oomKills } = one.usage
      readings.push([
        row.id,
        { ...counts.parse(one.usage), at: now, oomKills },
        isBusy(one.usage, before, now),
      ])
      const kills = oomKills - (before === undefined ? 0 : (before.oomKills ?? oomKills))
      if (kills > 0) await noteKills(client, one.tenantId, row, kills)
    }
    await client.query(
      `UPDATE sandbox SET metered = reading.value,
         "activeAt" = CASE WHEN reading.busy THEN now() AT TIME ZONE 'UTC' ELSE "activeAt" END
       FROM unnest($1::text[], $2::jsonb[], $3::boolean[]) AS reading(id, value, busy)
       WHERE sandbox.id = reading.id`,
      [
        readings.map(([id]) => id),
        readings.map(([, value]) => JSON.stringify(value)),
        readings.map(([, , busy]) => busy),
      ],
    )
    const hour = new Date(Math.floor(now / 3_600_000) * 3_600_000)
    for (const [tenantId, share] of [...shares].toSorted())
      await client.query(upsert, row(tenantId, hour, share))
    return dropped
  })
}

/** That the kernel has killed processes of a sandbox at its limit of memory, since it was read last. */
async function noteKills(
  client: pg.PoolClient,
  tenantId: string,
  row: { id: string; name: string; ownerId: string; assignmentId: string | null },
  kills: number,
): Promise<void> {
  const { id, name, ownerId, assignmentId } = row
  await client.query(`SELECT note_event($1, $2, NULL, $3, 'sandbox.out_of_memory', $4)`, [
    ...[tenantId, ownerId, assignmentId, JSON.stringify({ sandbox: { id, name }, kills })],
  ])
}

/** From this much on of any of them, for each second, a program inside works. An idle shell, editor or server uses less. */
const working: Counts = {
  ...{ cpuSeconds: 0.02, diskReadBytes: 16_384, diskWriteBytes: 16_384 },
  ...{ networkRxBytes: 1024, networkTxBytes: 1024 },
}

function isBusy(used: Usage, before: Metered | undefined, now: number): boolean {
  if (before === undefined) return true
  const seconds = Math.max(0.001, (now - before.at) / 1000)
  return counters.some((name) => (used[name] - before[name]) / seconds >= working[name])
}

function add(
  shares: Map<string, Share>,
  tenantId: string,
  used: Usage,
  before: Metered | undefined,
  since: number,
  now: number,
): void {
  const share = shares.get(tenantId) ?? {
    counts: { cpuSeconds: 0, diskReadBytes: 0, diskWriteBytes: 0, networkRxBytes: 0, networkTxBytes: 0 },
    ...{ sandboxSeconds: 0, memoryByteSeconds: 0, diskByteSeconds: 0, memoryBytes: 0 },
  }
  const seconds = Math.max(0, now - since) / 1000
  // A host that crashed has counters that begin again.
  for (const name of counters) share.counts[name] += Math.max(0, used[name] - (before?.[name] ?? 0))
  share.sandboxSeconds += seconds
  share.memoryByteSeconds += used.memoryBytes * seconds
  share.diskByteSeconds += used.diskBytes * seconds
  share.memoryBytes += used.memoryBytes
  shares.set(tenantId, share)
}

const upsert = `
  INSERT INTO usage_hour ("tenantId", hour, "sandboxSeconds", "cpuSeconds", "memoryByteSeconds", "memoryPeakBytes",
    "diskByteSeconds", "diskReadBytes", "diskWriteBytes", "networkRxBytes", "networkTxBytes")
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT ("tenantId", hour) DO UPDATE SET
    "sandboxSeconds" = usage_hour."sandboxSeconds" + excluded."sandboxSeconds",
    "cpuSeconds" = usage_hour."cpuSeconds" + excluded."cpuSeconds",
    "memoryByteSeconds" = usage_hour."memoryByteSeconds" + excluded."memoryByteSeconds",
    "memoryPeakBytes" = greatest(usage_hour."memoryPeakBytes", excluded."memoryPeakBytes"),
    "diskByteSeconds" = usage_hour."diskByteSeconds" + excluded."diskByteSeconds",
    "diskReadBytes" = usage_hour."diskReadBytes" + excluded."diskReadBytes",
    "diskWriteBytes" = usage_hour."diskWriteBytes" + excluded."diskWriteBytes",
    "networkRxBytes" = usage_hour."networkRxBytes" + excluded."networkRxBytes",
    "networkTxBytes" = usage_hour."networkTxBytes" + excluded."networkTxBytes"`

const row = (tenantId: string, hour: Date, share: Share) => [
  ...[tenantId, hour, share.sandboxSeconds, share.counts.cpuSeconds, share.memoryByteSeconds],
  ...[share.memoryBytes, share.diskByteSeconds, share.counts.diskReadBytes, share.counts.diskWriteBytes],
  ...[share.counts.networkRxBytes, share.counts.networkTxBytes],
]
