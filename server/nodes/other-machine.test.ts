import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setns } from '../../runtime/linux/libc.js'
import { run } from '../../runtime/linux/spawn.js'
import { lonelyNamespace, type Instance as Runtime, startInstance } from '../../runtime/testing/instance.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { certifyNode, certifyServer } from '../../supervisor/certificates/authority.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { openServer, type TestServer } from '../../testing/server.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
const [nodeAddress, serverAddress] = ['192.0.2.1', '192.0.2.2']
const port = 7443
const newNetwork = 0x40000000

/**
 * One database, two servers, two nodes. A node is in one network namespace, a server in another with a link to it; the
 * other server and node are those of an instance, whose server has no way to the first node.
 */
describe('a node on another machine', { timeout: 120_000 }, () => {
  let directory: string
  let instance: Instance
  let away: AsyncDisposable
  let linked: AsyncDisposable
  let other: Runtime
  let server: TestServer
  let operator: TestClient
  let sql: pg.Client
  let there = ''
  const home = openSync('/proc/thread-self/ns/net', 'r')
  const linkedName = `${testInstance}c`

  beforeAll(async () => {
    directory = mkdtempSync('/tmp/certificates-')
    const servers = await certifyServer(directory)
    const own = await certifyNode(directory, [nodeAddress])
    const ca = join(directory, 'ca.pem')
    instance = await openInstance('ot', { CLOCHE_POOL_SIZE: '0', CLOCHE_POOL_RUNS: '0' })
    away = await lonelyNamespace()
    linked = await lonelyNamespace(linkedName)
    await run('ip', ['-batch', '-'], {
      input: `link add tls0 netns ${testInstance} type veth peer name tls1 netns ${linkedName}\n`,
    })
    for (const [namespace, link, address] of [
      [testInstance, 'tls0', nodeAddress],
      [linkedName, 'tls1', serverAddress],
    ] as const) {
      const input = `addr add ${address}/24 dev ${link}\nlink set ${link} up\n`
      await run('ip', ['-n', namespace, '-batch', '-'], { input })
    }
    other = await startInstance(testInstance, {
      env: {
        CLOCHE_NODE_LISTEN: `${nodeAddress}:${port}`,
        ...{ CLOCHE_NODE_TLS_CA: ca, CLOCHE_NODE_TLS_CERT: own.cert, CLOCHE_NODE_TLS_KEY: own.key },
      },
    })
    const socket = `/run/cloche/${instance.name}`
    const database = `postgresql://cloche@localhost/cloche?host=${socket}/postgres`
    sql = new pg.Client({ connectionString: database })
    await sql.connect()
    setns(openSync(`/run/netns/${linkedName}`, 'r'), newNetwork)
    server = await openServer(
      { DATABASE_URL: database, CLOCHE_RUNTIME_SOCKET: `${socket}/runtime.sock`, PORT: '3999' },
      true,
    )
    operator = TestClient.withKey(server.url, instance.admin.apiKey)
    const address = {
      ...{ url: `https://${nodeAddress}:${port}`, caFile: ca },
      ...{ certFile: servers.cert, keyFile: servers.key },
    }
    const added = await operator.call('POST', '/api/v1/admin/nodes', { name: 'far', address })
    expect(added).toMatchObject({ status: 201, body: { state: 'ready' } })
    there = added.body.id
  }, 300_000)
  afterAll(async () => {
    await sql?.end()
    await server?.[Symbol.asyncDispose]()
    setns(home, newNetwork)
    await other?.[Symbol.asyncDispose]()
    await linked?.[Symbol.asyncDispose]()
    await away?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const nodes = async () => (await operator.call('GET', '/api/v1/admin/nodes')).body.nodes
  const stateOf = async (id: string) => (await nodes()).find((node: { id: string }) => node.id === id)?.state
  const createOn = async (id: string) => {
    for (const node of await nodes()) {
      await operator.call('PATCH', `/api/v1/admin/nodes/${node.id}`, { cordoned: node.id !== id })
    }
    const made = await operator.call('POST', '/api/v1/sandboxes', { limits, network: 'none' })
    expect(made).toMatchObject({ status: 201 })
    for (const node of await nodes()) {
      await operator.call('PATCH', `/api/v1/admin/nodes/${node.id}`, { cordoned: false })
    }
    return String(made.body.id)
  }
  const exec = async (id: string, command: string) =>
    (await operator.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })).body.stdout

  it('has no two names for one node: each server knows the node beside it as the same', async () => {
    expect(await nodes()).toHaveLength(2)
  })

  it('runs sandboxes, and stays ready while one server reaches it and another does not', async () => {
    const id = await createOn(there)
    expect(await exec(id, 'echo over TLS')).toBe('over TLS\n')
    const file = `/api/v1/sandboxes/${id}/files?path=note`
    expect((await operator.call('PUT', file, 'kept')).status).toBe(201)
    // The server of the instance asks in vain; it would have said so by now.
    const seen = async () =>
      (
        await sql.query(
          `SELECT "unreachableSince", "lastSeenAt" - "createdAt" > interval '15 seconds' AS long FROM node WHERE id = $1`,
          [there],
        )
      ).rows[0]
    await expect
      .poll(seen, { timeout: 60_000, interval: 500 })
      .toEqual({ unreachableSince: null, long: true })
    expect((await operator.call('GET', file)).body).toBe('kept')
    await operator.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('is unreachable when its link is down, and has everything when it is up again', async () => {
    const here = (await nodes()).find((node: { id: string }) => node.id !== there).id
    const [near, far] = [await createOn(here), await createOn(there)]
    expect(await exec(far, 'echo before > note; echo ok')).toBe('ok\n')
    await run('ip', ['-n', testInstance, 'link', 'set', 'tls0', 'down'])
    await expect.poll(() => stateOf(there), { timeout: 60_000 }).toBe('unreachable')
    const states = async () => {
      const { items } = (await operator.call('GET', '/api/v1/sandboxes')).body
      return Object.fromEntries(items.map(({ id, state }: { id: string; state: string }) => [id, state]))
    }
    expect(await states()).toEqual({ [near]: 'running', [far]: 'unreachable' })
    expect(await exec(near, 'echo on')).toBe('on\n')
    await run('ip', ['-n', testInstance, 'link', 'set', 'tls0', 'up'])
    await expect.poll(() => stateOf(there), { timeout: 60_000 }).toBe('ready')
    expect(await states()).toEqual({ [near]: 'running', [far]: 'running' })
    expect(await exec(far, 'cat note')).toBe('before\n')
    for (const id of [near, far]) await operator.call('DELETE', `/api/v1/sandboxes/${id}`)
  })
})
