import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { z } from 'zod'
import type { World } from './world.js'
import { must } from './world.js'

/** Changes by itself, as time goes by or because somebody looked. */
const volatile: Readonly<Record<string, readonly string[]>> = {
  api_key: ['lastUsedAt'],
  session: ['updatedAt'],
  // `activeAt` is also when a program inside was busy (that refused calls are no use of it is in `sleep.test.ts`).
  // What is in quarantine is told to be failed after some seconds; of the others the node says it.
  sandbox: ['activeAt', 'metered', 'state', 'failure'],
  // One that is replayed fails some time later.
  webhook: ['failingSince'],
}
/** Minutes are written down some seconds after a student did something, and so is what has happened, of rows that are compared. */
const growing = new Set(['usage_hour', 'active_time', 'event', 'event_outbox', 'webhook_delivery'])

const row = z.record(z.string(), z.unknown())

/** Every row of every table that is of the victim's tenant or of its people; a table that is new is in it by itself. */
async function rowsOf(database: pg.Client, tenantId: string): Promise<Record<string, unknown[]>> {
  const members = await database.query('SELECT "userId" FROM member WHERE "tenantId" = $1', [tenantId])
  const people = members.rows.map((one) => String(one.userId))
  const columns = await database.query(
    `SELECT table_name AS name, array_agg(column_name::TEXT) AS columns FROM information_schema.columns
     WHERE table_schema = 'public' GROUP BY table_name ORDER BY table_name`,
  )
  const tables = z.array(z.object({ name: z.string(), columns: z.array(z.string()) })).parse(columns.rows)
  const found: Record<string, unknown[]> = {}
  for (const { name, columns } of tables.filter((one) => !growing.has(one.name))) {
    const wheres = [
      ...(columns.includes('tenantId') ? ['"tenantId" = $1'] : []),
      ...(columns.includes('userId') ? ['"userId" = ANY($2)'] : []),
      ...(name === 'tenant' ? ['id = $1'] : []),
      ...(name === 'user' ? ['id = ANY($2)'] : []),
    ]
    if (wheres.length === 0) continue
    const { rows } = await database.query(
      `SELECT to_jsonb(one) AS one FROM "${name}" AS one
       WHERE ($1 = '' OR $2::TEXT[] IS NOT NULL) AND (${wheres.join(' OR ')}) ORDER BY 1`,
      [tenantId, people],
    )
    found[name] = rows.map((line) =>
      Object.fromEntries(
        Object.entries(row.parse(line.one)).filter(([column]) => !volatile[name]?.includes(column)),
      ),
    )
  }
  return found
}

/** Files with the times of their last changes, and processes: what a call could have changed inside. */
const look = [
  "find /home /root /tmp /etc /opt /srv -xdev -printf '%p %y %m %u %s %T@ %C@\\n'",
  'cat /home/user/diary',
  'ps -eo args= | grep -v -e ^ps -e ^grep -e ^sort -e ^/bin/sh',
].join('; ')

/** All that there is of the victim, in a form that can be compared. */
export async function stateOf({ database, callers, victim }: World) {
  const { tenantId, sandboxId, quarantineId, spareId } = victim
  const sandbox = `/api/v1/sandboxes/${sandboxId}`
  const inside = await must(callers.owner, 'POST', `${sandbox}/exec`, { command: `(${look}) | sort` })
  const { usage: _, ...box } = await must(callers.owner, 'GET', sandbox)
  const { usage: __, ...spare } = await must(callers.owner, 'GET', `/api/v1/sandboxes/${spareId}`)
  const { terminals } = await must(callers.owner, 'GET', `${sandbox}/terminals`)
  const quarantine = await must(callers.operatorKey, 'GET', '/api/v1/admin/quarantine')
  return {
    rows: await rowsOf(database, tenantId),
    node: { box, spare, terminals },
    inside: String(inside.stdout).split('\n'),
    setAside: quarantine.entries.some((one: { id: string }) => one.id === quarantineId),
  }
}

/** The same when nothing of it changes any more: the shells of terminals that were closed just now end by and by. */
export async function settledStateOf(world: World) {
  for (let last = await stateOf(world); ; ) {
    await sleep(250)
    const next = await stateOf(world)
    if (isDeepStrictEqual(next, last)) return next
    last = next
  }
}
