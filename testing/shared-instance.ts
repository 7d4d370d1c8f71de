import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, openDatabase } from '../server/database/client.js'
import { createKey } from '../server/tenants/key-rows.js'
import { TestClient } from './client.js'
import { type Instance, openInstance } from './instance.js'
import { sharedSuffix } from './test-instance.js'

const password = 'correct horse battery'
/** As good as everything that one node has, as the first operator's tenant. */
const quota = { cpus: 256, memoryMiB: 1_048_576, diskMiB: 16_777_216, pids: 65_536, sandboxes: 10_000 }
/** What is made in a tenant and goes on by itself; a stack before its sandboxes. */
const made = ['stacks', 'schedules', 'sandboxes', 'volumes', 'runs?state=queued', 'runs?state=running']

let shared: Promise<Instance> | undefined
let count = 0

/**
 * The instance that the test files of one worker share, one after the other: to bring one up and down takes ten seconds of
 * processor time. For tests that keep to tenants of their own; who changes settings, counts what all tenants have, or
 * restarts the node opens an instance.
 *
 * Each file has an operator of its own with an empty tenant, and every address may sign up again. What it leaves running
 * is deleted at the end.
 */
export async function sharedInstance(): Promise<Instance> {
  const instance = await opened()
  const database = openDatabase(databaseUrl(instance.name))
  const leave = async () => {
    await deleteAll(instance, database)
    // Who comes after this has the same names, and is somebody else.
    await database.pool.query(`DELETE FROM session`)
    await database.pool.query(
      `UPDATE "user" SET email = id || '@left.invalid', username = NULL, operator = false`,
    )
    await database.pool.query('DELETE FROM sign_in_attempt')
  }
  await leave()
  const admin = await newOperator(instance.url, database)
  return {
    ...instance,
    admin,
    [Symbol.asyncDispose]: async () => {
      await leave()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function opened(): Promise<Instance> {
  shared ??= openInstance(sharedSuffix).catch((error: unknown) => {
    shared = undefined
    throw error
  })
  const instance = await shared
  // A file before may have killed the server, which comes again.
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(new URL('/readyz', instance.url)).catch(() => undefined)
    if (answer?.status === 200) return instance
    await sleep(50)
  }
  throw new Error(`${instance.name} does not answer any more`)
}

/** As an operator finds it on the machine. */
const databaseUrl = (name: string) =>
  `postgresql://cloche@localhost/cloche?host=${encodeURIComponent(`/run/cloche/${name}/postgres`)}`

async function newOperator(url: string, { prisma }: Database): Promise<Instance['admin']> {
  const email = `operator${++count}@cloche.local`
  await TestClient.signUp(url, email, password)
  const { id } = await prisma.user.update({ where: { email }, data: { operator: true } })
  const { tenantId } = await prisma.member.findFirstOrThrow({ where: { userId: id } })
  await prisma.tenant.update({ where: { id: tenantId }, data: { name: 'Operators', quota } })
  const { key } = await createKey(
    prisma,
    tenantId,
    { name: 'first operator', operator: true },
    { createdById: null },
  )
  return { url, email, password, apiKey: key }
}

async function deleteAll({ url, admin }: Instance, { pool, prisma }: Database): Promise<void> {
  await pool.query('DELETE FROM timetable_lesson')
  const { rows } = await pool.query<{ id: string; paused: boolean }>(
    `SELECT id, paused FROM tenant WHERE id IN (
      SELECT "tenantId" FROM sandbox WHERE "deletedAt" IS NULL UNION SELECT "tenantId" FROM volume
      UNION SELECT "tenantId" FROM schedule UNION SELECT "tenantId" FROM stack
      UNION SELECT "tenantId" FROM run WHERE state IN ('queued', 'running'))`,
  )
  await Promise.all(
    rows.map(async ({ id, paused }) => {
      if (paused)
        await TestClient.withKey(url, admin.apiKey).call('POST', `/api/v1/admin/tenants/${id}/resume`)
      const { key } = await createKey(prisma, id, { name: 'the end of a test' }, { createdById: null })
      const client = TestClient.withKey(url, key)
      for (const kind of made) {
        const path = `/api/v1/${kind}`
        const items: { id: string }[] = (await client.call('GET', path)).body.items ?? []
        await Promise.all(items.map((one) => client.call('DELETE', `${path.split('?')[0]}/${one.id}`, {})))
      }
      await prisma.apiKey.deleteMany({ where: { tenantId: id, name: 'the end of a test' } })
    }),
  )
}
