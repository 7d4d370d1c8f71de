import { execFile } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ClientToServer,
  type RegisteredNode,
  registeredNode,
  run as runSchema,
  type ServerToClient,
} from '../../protocol/api/index.js'
import { lonelyNamespace, type Instance as Runtime, startInstance } from '../../runtime/testing/instance.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { TestClient } from '../../testing/client.js'
import { initOf } from '../../testing/init-of.js'
import { type Instance, openInstance } from '../../testing/instance.js'

const run = promisify(execFile)
const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
const socketOf = (name: string) => `/run/cloche/${name}/runtime.sock`

/** One server with its own node, and the runtime of another instance as its second node. */
describe('two nodes', { timeout: 120_000 }, () => {
  let instance: Instance
  let namespace: AsyncDisposable
  let other: Runtime
  let operator: TestClient
  let ann: TestClient
  let sql: pg.Client
  let [here, there] = ['', '']

  beforeAll(async () => {
    instance = await openInstance('nd', { CLOCHE_POOL_SIZE: '0', CLOCHE_POOL_RUNS: '0' })
    namespace = await lonelyNamespace()
    other = await startInstance(testInstance, { env: { CLOCHE_GROUP: `cloche-${instance.name}` } })
    openDirectory()
    addTemplate('second')
    operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
    sql = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await sql.connect()
    here = (await nodes())[0]?.id ?? ''
  }, 300_000)
  afterAll(async () => {
    await sql?.end()
    await other?.[Symbol.asyncDispose]()
    await namespace?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  /** The server is another user than the one that the runtime's directory is for. */
  const openDirectory = () => chmodSync(`/run/cloche/${testInstance}`, 0o755)
  const addTemplate = (name: string) => {
    const directory = join(other.disk, 'templates')
    const base = JSON.parse(readFileSync(join(directory, 'base.json'), 'utf8'))
    writeFileSync(join(directory, `${name}.json`), JSON.stringify({ ...base, name }))
  }
  const nodes = async (): Promise<RegisteredNode[]> =>
    registeredNode.array().parse((await operator.call('GET', '/api/v1/admin/nodes')).body.nodes)
  const stateOf = async (id: string) => (await nodes()).find((node) => node.id === id)?.state
  const cordon = async (id: string, cordoned: boolean) => {
    const answer = await operator.call('PATCH', `/api/v1/admin/nodes/${id}`, { cordoned })
    expect(answer).toMatchObject({ status: 200, body: { cordoned } })
  }
  const create = async (who: TestClient, body: object = {}) => {
    const answer = await who.call('POST', '/api/v1/sandboxes', { limits, network: 'none', ...body })
    expect(answer).toMatchObject({ status: 201 })
    return String(answer.body.id)
  }
  const nodeOf = async (id: string) =>
    (await sql.query('SELECT "nodeId" FROM sandbox WHERE id = $1', [id])).rows[0]?.nodeId
  const exec = async (id: string, command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })).body.stdout
  const list = async () => {
    const { items } = (await ann.call('GET', '/api/v1/sandboxes')).body
    return new Map<string, string>(items.map(({ id, state }: { id: string; state: string }) => [id, state]))
  }
  /** Waits until the servers have told the second node that the database knows a sandbox. */
  const confirmed = (id: string) =>
    expect
      .poll(async () => (await other.call('GET', `/sandboxes/${id}`)).text, { timeout: 30_000 })
      .toContain('"unconfirmedMs":null')
  /** A sandbox of ann's on a node, wherever placement would have put it. */
  const createOn = async (id: string) => {
    const rest = [here, there].filter((one) => one !== id)
    for (const one of rest) await cordon(one, true)
    const made = await create(ann)
    for (const one of rest) await cordon(one, false)
    expect(await nodeOf(made)).toBe(id)
    return made
  }

  /** Opens a terminal, types a sum, and reads the result. */
  const typesInto = async (sandboxId: string) => {
    const line: Socket<ServerToClient, ClientToServer> = io(`${instance.url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, extraHeaders: { ...ann.extraHeaders } },
    })
    let seen = ''
    line.on('output', (_, __, bytes) => {
      seen += Buffer.from(bytes).toString('latin1')
    })
    const answer = await line.emitWithAck('open', { sandboxId, cols: 80, rows: 24 })
    if (!answer.ok) throw new Error(answer.error.message)
    line.emit('input', answer.terminalId, Buffer.from('echo $((6*8))\n'))
    await expect.poll(() => seen, { timeout: 10_000 }).toContain('48')
    line.disconnect()
  }

  it('has the runtime beside the server as its first node, without anybody’s doing', async () => {
    expect(await nodes()).toMatchObject([
      {
        state: 'ready',
        sandboxes: 0,
        address: { socketPath: socketOf(instance.name) },
        templates: expect.arrayContaining(['base']),
      },
    ])
  })

  it('takes a second one that belongs to no installation yet, and refuses it a second time', async () => {
    const body = { name: 'second', address: { socketPath: socketOf(testInstance) }, labels: { zone: 'b' } }
    const added = await operator.call('POST', '/api/v1/admin/nodes', body)
    expect(added).toMatchObject({
      status: 201,
      body: { name: 'second', state: 'ready', labels: { zone: 'b' } },
    })
    there = added.body.id
    expect(await operator.call('POST', '/api/v1/admin/nodes', { ...body, name: 'third' })).toMatchObject({
      status: 409,
    })
    expect((await operator.call('GET', `/api/v1/admin/node?node=${there}`)).body).toMatchObject({
      nodeId: there,
    })
    const wrong = { name: 'wrong', address: { socketPath: '/run/cloche/nothing.sock' } }
    expect(await operator.call('POST', '/api/v1/admin/nodes', wrong)).toMatchObject({ status: 503 })
  })

  it('refuses a node of another installation, with words', async () => {
    const file = join(other.home, 'installation.json')
    const before = readFileSync(file)
    expect((await operator.call('DELETE', `/api/v1/admin/nodes/${there}`)).status).toBe(204)
    await other.restart({}, () => writeFileSync(file, JSON.stringify({ id: 'in_0123456789abcdefghjk' })))
    openDirectory()
    const body = { name: 'second', address: { socketPath: socketOf(testInstance) } }
    const refused = await operator.call('POST', '/api/v1/admin/nodes', body)
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(refused.body.detail).toContain('belongs to another installation')
    await other.restart({}, () => writeFileSync(file, before))
    openDirectory()
    // One that was removed comes back as the node that it was.
    expect(await operator.call('POST', '/api/v1/admin/nodes', body)).toMatchObject({
      ...{ status: 201, body: { id: there } },
    })
  })

  it('offers the templates of both, and places by them', async () => {
    await expect
      .poll(
        async () =>
          (await ann.call('GET', '/api/v1/templates')).body.templates.map(
            ({ name }: { name: string }) => name,
          ),
        { timeout: 15_000 },
      )
      .toEqual(expect.arrayContaining(['base', 'second']))
    const id = await create(ann, { template: 'second' })
    expect(await nodeOf(id)).toBe(there)
    expect(await exec(id, 'echo on the second')).toBe('on the second\n')
    await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
    const refused = await ann.call('POST', '/api/v1/sandboxes', { template: 'third', limits })
    expect(refused).toMatchObject({ body: { code: 'template_unavailable' } })
  })

  it('runs commands, files, terminals and runs on both', async () => {
    for (const node of [here, there]) {
      const id = await createOn(node)
      expect(await exec(id, 'echo $((6*7))')).toBe('42\n')
      const file = `/api/v1/sandboxes/${id}/files?path=note`
      expect((await ann.call('PUT', file, 'kept')).status).toBe(201)
      expect((await ann.call('GET', file)).body).toBe('kept')
      await typesInto(id)
      await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
    }
    const nodeOfRun = async () => {
      const { body } = await ann.call('POST', '/api/v1/runs', { command: 'echo done', wait: true })
      expect(body).toMatchObject({ status: 'ok' })
      return (await sql.query('SELECT "nodeId" FROM run WHERE id = $1', [body.id])).rows[0]?.nodeId
    }
    await cordon(here, true)
    expect(await nodeOfRun()).toBe(there)
    await cordon(here, false)
    await cordon(there, true)
    expect(await nodeOfRun()).toBe(here)
    await cordon(there, false)
  })

  it('a cordoned node gets nothing new, and what is there works', async () => {
    const id = await createOn(there)
    await cordon(there, true)
    const next = await create(ann)
    expect(await nodeOf(next)).toBe(here)
    expect(await exec(id, 'echo still')).toBe('still\n')
    expect((await ann.call('POST', `/api/v1/sandboxes/${id}/stop`)).body.state).toBe('stopped')
    expect((await ann.call('POST', `/api/v1/sandboxes/${id}/start`)).body.state).toBe('running')
    await cordon(here, true)
    const refused = await ann.call('POST', '/api/v1/sandboxes', { limits })
    expect(refused).toMatchObject({ status: 503, body: { code: 'runtime_unavailable' } })
    expect(refused.body.detail).toContain('2 are cordoned')
    await cordon(here, false)
    await cordon(there, false)
    for (const one of [id, next]) await ann.call('DELETE', `/api/v1/sandboxes/${one}`)
  })

  it('the database refuses a node that was cordoned since this server has read the registry', async () => {
    await create(ann, { template: 'second' }).then((id) => ann.call('DELETE', `/api/v1/sandboxes/${id}`))
    // As another server does it: this one is told by nobody.
    await sql.query('UPDATE node SET cordoned = true WHERE id = $1', [there])
    const refused = await ann.call('POST', '/api/v1/sandboxes', { template: 'second', limits })
    expect(refused).toMatchObject({ status: 503, body: { code: 'runtime_unavailable' } })
    expect(refused.body.detail).toContain('template second is only on nodes that take no new work')
    await cordon(there, false)
    expect((await other.call('GET', '/sandboxes')).text).toBe('{"sandboxes":[]}')
  })

  it('a run waits while no node takes new work, and no attempt is counted', async () => {
    for (const node of [here, there]) await cordon(node, true)
    const accepted = await ann.call('POST', '/api/v1/runs', { command: 'echo at last' })
    const { id } = runSchema.parse(accepted.body)
    // Longer than it would be tried again for.
    await sleep(4000)
    expect((await ann.call('GET', `/api/v1/runs/${id}`)).body.finishedAt).toBeNull()
    for (const node of [here, there]) await cordon(node, false)
    await expect
      .poll(async () => (await ann.call('GET', `/api/v1/runs/${id}`)).body, { timeout: 30_000 })
      .toMatchObject({ state: 'finished', status: 'ok', attempt: 1 })
  })

  it('a run that was lost on one node is tried again on the other, and where it was if there is no other', async () => {
    const startsHere = async (mark: string) => {
      await cordon(there, true)
      const { id } = runSchema.parse(
        (await ann.call('POST', '/api/v1/runs', { command: `sleep ${mark}; echo moved` })).body,
      )
      await expect.poll(() => initOf(mark), { timeout: 30_000 }).toBeDefined()
      return id
    }
    const endsOn = async (id: string) => {
      await expect
        .poll(async () => (await ann.call('GET', `/api/v1/runs/${id}`)).body, { timeout: 30_000 })
        .toMatchObject({ state: 'finished', status: 'ok', attempt: 2 })
      return (await sql.query('SELECT "nodeId" FROM run WHERE id = $1', [id])).rows[0]?.nodeId
    }
    const alone = await startsHere('3.46')
    process.kill(initOf('3.46') ?? 0, 'SIGKILL')
    expect(await endsOn(alone)).toBe(here)
    const moving = await startsHere('3.45')
    await cordon(there, false)
    process.kill(initOf('3.45') ?? 0, 'SIGKILL')
    expect(await endsOn(moving)).toBe(there)
  })

  it('one that goes away is shown, and its sandboxes are kept, while the other goes on', async () => {
    const [mine, away, doomed] = [await createOn(here), await createOn(there), await createOn(there)]
    expect(await exec(away, 'echo before > note; echo ok')).toBe('ok\n')
    const tenant = (await ann.call('GET', '/api/v1/me')).body.tenant.id
    // An attempt that is under way there is made again elsewhere.
    await cordon(here, true)
    const started = runSchema.parse(
      (await ann.call('POST', '/api/v1/runs', { command: 'sleep 4.44; echo moved' })).body,
    )
    await expect
      .poll(
        async () => (await sql.query('SELECT "nodeId" FROM run WHERE id = $1', [started.id])).rows[0]?.nodeId,
      )
      .toBe(there)
    await sleep(500)
    await cordon(here, false)

    process.kill(other.pids.runtime, 'SIGKILL')
    // Nobody has noticed yet: whoever is sent there is sent on.
    const rescued = await create(ann)
    expect(await nodeOf(rescued)).toBe(here)
    await ann.call('DELETE', `/api/v1/sandboxes/${rescued}`)
    await expect.poll(() => stateOf(there), { timeout: 40_000 }).toBe('unreachable')
    expect(await list()).toEqual(
      new Map([
        ...([
          [mine, 'running'],
          [away, 'unreachable'],
          [doomed, 'unreachable'],
        ] as const),
      ]),
    )
    expect((await ann.call('GET', `/api/v1/sandboxes/${away}`)).body.state).toBe('unreachable')
    const refused = await ann.call('POST', `/api/v1/sandboxes/${away}/exec`, { command: 'true' })
    expect(refused).toMatchObject({ status: 503, body: { code: 'runtime_unavailable' } })
    expect(refused.body.detail).toContain('is unreachable; its sandboxes and their files are kept')
    // The row is as it was: nothing is failed or deleted.
    expect(
      (await sql.query('SELECT state, failure, "deletedAt" FROM sandbox WHERE id = $1', [away])).rows,
    ).toEqual([{ state: 'running', failure: null, deletedAt: null }])

    expect(await exec(mine, 'echo on')).toBe('on\n')
    const fresh = await create(ann)
    expect(await nodeOf(fresh)).toBe(here)
    await expect
      .poll(async () => (await ann.call('GET', `/api/v1/runs/${started.id}`)).body, { timeout: 60_000 })
      .toMatchObject({ state: 'finished', status: 'ok', attempt: 2 })
    // What only it has is not there at present, which is not the same as unknown.
    const lacking = await ann.call('POST', '/api/v1/sandboxes', { template: 'second', limits })
    expect(lacking).toMatchObject({ status: 503, body: { code: 'runtime_unavailable' } })
    // What a person deletes meanwhile is deleted, and an operator's word holds there as well.
    expect((await ann.call('DELETE', `/api/v1/sandboxes/${doomed}`)).status).toBe(204)
    expect((await operator.call('POST', `/api/v1/admin/tenants/${tenant}/pause`)).status).toBe(200)

    await other.relaunch()
    openDirectory()
    await expect.poll(() => stateOf(there), { timeout: 40_000 }).toBe('ready')
    await expect.poll(async () => (await list()).get(away), { timeout: 10_000 }).toBe('paused')
    expect((await operator.call('POST', `/api/v1/admin/tenants/${tenant}/resume`)).status).toBe(200)
    await expect.poll(async () => (await list()).get(away), { timeout: 10_000 }).toBe('running')
    expect(await exec(away, 'cat note')).toBe('before\n')
    await expect
      .poll(async () => (await other.call('GET', `/sandboxes/${doomed}`)).status, { timeout: 40_000 })
      .toBe(404)
    for (const id of [mine, away, fresh]) await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('one that hangs stops neither a list nor the other node, and goes on where it was', async () => {
    const [mine, hanging] = [await createOn(here), await createOn(there)]
    process.kill(other.pids.runtime, 'SIGSTOP')
    try {
      // For two minutes nobody would hear anything of it.
      expect((await list()).get(mine)).toBe('running')
      expect(await exec(mine, 'echo on')).toBe('on\n')
      await expect.poll(() => stateOf(there), { timeout: 40_000 }).toBe('unreachable')
      expect((await list()).get(hanging)).toBe('unreachable')
    } finally {
      process.kill(other.pids.runtime, 'SIGCONT')
    }
    await expect.poll(() => stateOf(there), { timeout: 40_000 }).toBe('ready')
    expect(await exec(hanging, 'echo on')).toBe('on\n')
    for (const id of [mine, hanging]) await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('a new quota holds on both nodes, or on none', async () => {
    const tenant = (await ann.call('GET', '/api/v1/me')).body.tenant.id
    const ids = [await createOn(here), await createOn(there)]
    const path = `/api/v1/admin/tenants/${tenant}`
    /** What the kernel holds the tenant to, on both nodes. */
    const held = async () => {
      const { stdout } = await run('find', ['/sys/fs/cgroup', '-path', `*/${tenant}/pids.max`])
      return stdout.split('\n').flatMap((file) => (file === '' ? [] : Number(readFileSync(file, 'utf8'))))
    }
    expect((await operator.call('PATCH', path, { quota: { pids: 1111 } })).status).toBe(200)
    expect(await held()).toEqual([1111, 1111])
    process.kill(other.pids.runtime, 'SIGKILL')
    expect((await operator.call('PATCH', path, { quota: { pids: 2222 } })).status).toBe(503)
    expect(await held()).toEqual([1111, 1111])
    await other.relaunch()
    openDirectory()
    await expect
      .poll(() => operator.call('PATCH', path, { quota: { pids: 2222 } }), { timeout: 30_000 })
      .toMatchObject({ status: 200 })
    expect(await held()).toEqual([2222, 2222])
    for (const id of ids) await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('meters, expires, and sets aside on each node; figures and pools tell which', async () => {
    await cordon(here, true)
    const due = await create(ann, { ttlSeconds: 10 })
    await cordon(here, false)
    const row = async (id: string) =>
      (await sql.query('SELECT metered, "deletedAt" FROM sandbox WHERE id = $1', [id])).rows[0]
    await expect.poll(async () => (await row(due)).metered, { timeout: 30_000 }).not.toBeNull()
    await expect.poll(async () => (await row(due)).deletedAt, { timeout: 40_000 }).not.toBeNull()
    expect((await other.call('GET', `/sandboxes/${due}`)).status).toBe(404)

    const lost = await createOn(there)
    // Until the servers have agreed on it, it could be a creation that nobody finished.
    await confirmed(lost)
    await sql.query('ALTER TABLE sandbox DISABLE TRIGGER USER')
    await sql.query('DELETE FROM sandbox WHERE id = $1', [lost])
    await sql.query('ALTER TABLE sandbox ENABLE TRIGGER USER')
    const entry = async () =>
      (await operator.call('GET', '/api/v1/admin/quarantine')).body.entries.find(
        ({ sandboxId }: { sandboxId: string }) => sandboxId === lost,
      )
    await expect.poll(entry, { timeout: 40_000 }).toMatchObject({ nodeId: there })
    const restored = `/api/v1/admin/quarantine/${(await entry()).id}/restore`
    expect(await operator.call('POST', restored, {})).toMatchObject({ status: 200, body: { id: lost } })
    expect(await nodeOf(lost)).toBe(there)
    await ann.call('DELETE', `/api/v1/sandboxes/${lost}`)

    const pools = await operator.call('GET', `/api/v1/admin/pools?node=${there}`)
    expect(pools.body.pools.map(({ template }: { template: string }) => template)).toContain('second')
    const metrics = (await operator.call('GET', '/metrics')).body
    expect(metrics).toMatch(/^cloche_runtime_up\{node="second"\} 1$/m)
  })

  it('destroys what it has and the database has on another node only when its creation was given up there', async () => {
    const ids = [await createOn(there), await createOn(there)]
    const [kept = '', abandoned = ''] = ids
    for (const id of ids) await confirmed(id)
    await sql.query('UPDATE sandbox SET "nodeId" = $1 WHERE id = ANY($2)', [here, ids])
    await sql.query('INSERT INTO abandoned_claim (id, "nodeId") VALUES ($1, $2)', [abandoned, there])
    const has = async (id: string) => (await other.call('GET', `/sandboxes/${id}`)).status
    await expect.poll(() => has(abandoned), { timeout: 40_000 }).toBe(404)
    const entry = async () =>
      (await operator.call('GET', '/api/v1/admin/quarantine')).body.entries.find(
        ({ sandboxId }: { sandboxId: string }) => sandboxId === kept,
      )
    await expect.poll(entry, { timeout: 40_000 }).toMatchObject({ nodeId: there })
    await sql.query('UPDATE sandbox SET "nodeId" = $1 WHERE id = $2', [there, kept])
    const restored = `/api/v1/admin/quarantine/${(await entry()).id}/restore`
    expect(await operator.call('POST', restored, {})).toMatchObject({ status: 200, body: { id: kept } })
    for (const id of ids) await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  })

  it('is managed at the command line as well', async () => {
    const cloche = async (...words: string[]) =>
      (await run('bin/cloche', ['node', ...words], { env: instance.env })).stdout
    expect(await cloche('ls')).toMatch(/^second +ready +0 +\d+ s +\/run\/cloche\//m)
    await cloche('cordon', 'second')
    expect(await stateOf(there)).toBe('cordoned')
    await cloche('rm', 'second')
    expect(await nodes()).toHaveLength(1)
    await cloche('add', 'second', socketOf(testInstance), '--label', 'zone=c')
    expect((await nodes())[1]).toMatchObject({ id: there, state: 'ready', labels: { zone: 'c' } })
    await expect(cloche('cordon', 'third')).rejects.toThrow('there is no node third')
  })

  it('a node that has sandboxes cannot be removed', async () => {
    const id = await createOn(there)
    const refused = await operator.call('DELETE', `/api/v1/admin/nodes/${there}`)
    expect(refused).toMatchObject({ status: 409 })
    expect(refused.body.detail).toContain('the node has 1 sandboxes')
    await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
    expect((await operator.call('DELETE', `/api/v1/admin/nodes/${there}`)).status).toBe(204)
    expect(await operator.call('DELETE', `/api/v1/admin/nodes/${here}`)).toMatchObject({ status: 409 })
  })
})
