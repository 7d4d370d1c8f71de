import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { RuntimeClient } from '../runtime-client/client.js'

const small = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('between the steps of a change', () => {
  let instance: Instance
  let key: TestClient
  let client: pg.Client
  let runtime: RuntimeClient

  beforeAll(async () => {
    instance = await sharedInstance()
    key = TestClient.withKey(instance.url, instance.admin.apiKey)
    runtime = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
    client = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    runtime[Symbol.dispose]()
    await instance[Symbol.asyncDispose]()
  })

  const rows = async (sql: string, values: unknown[] = []) => (await client.query(sql, values)).rows
  const post = (idempotencyKey: string) =>
    key.call('POST', '/api/v1/sandboxes', { limits: small }, { 'idempotency-key': idempotencyKey })
  const killServer = async () => {
    const before = (await instance.processes()).get('server') ?? 0
    process.kill(before, 'SIGKILL')
    await expect
      .poll(async () => (await instance.processes()).get('server'), { timeout: 30_000 })
      .not.toBe(before)
    await expect
      .poll(
        () =>
          key.call('GET', '/readyz').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBe(200)
  }

  it.each([
    ['before its row is there', 'SELECT FROM tenant FOR UPDATE'],
    ['before its answer is kept', 'SELECT FROM idempotency FOR UPDATE'],
  ])(
    'a server that dies %s leaves a creation that the same Idempotency-Key continues',
    async (when, lock) => {
      const name = when.replaceAll(' ', '-')
      // The first try stops at the lock, in the middle of its work.
      if (lock.includes('tenant')) await rows(`BEGIN; ${lock}`)
      const first = post(name).catch(() => undefined)
      let target: string | undefined
      await expect
        .poll(async () => {
          target = (await rows('SELECT target FROM idempotency WHERE key = $1', [name]))[0]?.target
          return target
        })
        .toBeDefined()
      if (lock.includes('idempotency')) await rows(`BEGIN; ${lock}`)
      if (lock.includes('idempotency')) {
        await expect
          .poll(async () => (await rows('SELECT FROM sandbox WHERE id = $1', [target])).length, {
            timeout: 20_000,
          })
          .toBe(1)
      }
      await killServer()
      await rows('ROLLBACK')
      await first
      let answer = await post(name)
      await expect
        .poll(
          async () => {
            if (answer.status === 409) answer = await post(name)
            return answer.status
          },
          { timeout: 30_000, interval: 500 },
        )
        .toBe(201)
      expect(answer.body.id).toBe(target)
      expect((await post(name)).body.id).toBe(target)
      expect((await runtime.list()).filter(({ id }) => id === target)).toHaveLength(1)
      const { items } = (await key.call('GET', '/api/v1/sandboxes')).body
      expect(items.map(({ id }: { id: string }) => id)).toEqual([target])
      await key.call('DELETE', `/api/v1/sandboxes/${target}`)
    },
  )

  it('two changes of different limits at once both hold, in the row and in the kernel', async () => {
    const { id } = (await key.call('POST', '/api/v1/sandboxes', { limits: small })).body
    const path = `/api/v1/sandboxes/${id}`
    for (let round = 1; round <= 5; round++) {
      const limits = { memoryMiB: 64 + round, pids: 64 + round, cpus: 0.5 + round / 10 }
      const changes = [
        ...Object.entries(limits).map(([name, value]) =>
          key.call('PATCH', path, { limits: { [name]: value } }),
        ),
        key.call('PATCH', path, { name: `round-${round}` }),
      ]
      for (const { status } of await Promise.all(changes)) expect(status).toBe(200)
      const wanted = { ...small, ...limits }
      const [row] = await rows('SELECT name, limits FROM sandbox WHERE id = $1', [id])
      expect(row).toEqual({ name: `round-${round}`, limits: wanted })
      expect((await runtime.get(id)).limits).toEqual(wanted)
    }
    // Of two at once that the quota has room for one of, one is refused.
    const { id: other } = (await key.call('POST', '/api/v1/sandboxes', { limits: small })).body
    const tenant = `/api/v1/admin/tenants/${(await key.call('GET', '/api/v1/me')).body.tenant.id}`
    const before = (await key.call('GET', '/api/v1/quota')).body.limits.memoryMiB
    expect((await key.call('PATCH', tenant, { quota: { memoryMiB: 192 } })).status).toBe(200)
    for (let round = 0; round < 5; round++) {
      const change = (memoryMiB: number) =>
        Promise.all(
          [id, other].map((one) => key.call('PATCH', `/api/v1/sandboxes/${one}`, { limits: { memoryMiB } })),
        )
      expect((await change(64)).map(({ status }) => status)).toEqual([200, 200])
      expect((await change(128)).map(({ status }) => status).toSorted()).toEqual([200, 422])
    }
    await key.call('PATCH', tenant, { quota: { memoryMiB: before } })
    await key.call('DELETE', `/api/v1/sandboxes/${other}`)
    // What differs for whatever reason is set back to the row.
    const { network } = await runtime.get(id)
    await runtime.change(id, { limits: { ...small, memoryMiB: 512 }, network })
    const [row] = await rows('SELECT limits FROM sandbox WHERE id = $1', [id])
    await expect.poll(async () => (await runtime.get(id)).limits, { timeout: 40_000 }).toEqual(row.limits)
    await key.call('DELETE', path)
  })
})
