import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, snapshotList } from '../../protocol/api/index.js'
import { nodeSnapshots } from '../../protocol/node/index.js'
import { Cloche, Conflict, FileNotFound, NotFound, QuotaExceeded, type Sandbox } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { RuntimeClient } from '../runtime-client/client.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('snapshots', { timeout: 60_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let cloche: Cloche
  let sandbox: Sandbox
  let database: pg.Client

  beforeAll(async () => {
    instance = await openInstance('snap')
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    const { body } = await owner.call('POST', '/api/v1/keys', { name: 'snapshots' })
    cloche = new Cloche({ url: instance.url, apiKey: body.key })
    sandbox = await cloche.sandboxes.create({ limits, name: 'desk', env: { LESSON: '7' } })
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
  })
  afterAll(async () => {
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const said = async (of: Sandbox, command: string) => (await of.exec(command)).stdout
  const all = async () => snapshotList.parse((await owner.call('GET', '/api/v1/snapshots')).body).items
  const heldMiB = async () => (await cloche.quota()).used.diskMiB

  it('are made into sandboxes, which know where they come from', async () => {
    await said(sandbox, 'echo one >file; sync')
    const before = await heldMiB()
    const taken = await sandbox.snapshot({ name: 'first' })
    expect(taken).toMatchObject({ name: 'first', sandboxId: sandbox.id, sandboxName: 'desk', parentId: null })
    expect(taken.sizeBytes).toBeGreaterThan(0)
    // What it holds counts against the quota.
    expect(await heldMiB()).toBe(before + Math.ceil(taken.sizeBytes / 1024 ** 2))
    await expect(sandbox.snapshot({ name: 'first' })).rejects.toBeInstanceOf(Conflict)
    await expect(cloche.snapshots.rename(taken.id, 'renamed')).resolves.toMatchObject({ name: 'renamed' })
    const second = await sandbox.snapshot({ name: 'first' })
    await expect(cloche.snapshots.rename(second.id, 'renamed')).rejects.toBeInstanceOf(Conflict)
    await cloche.snapshots.delete(second.id)
    const tar = Buffer.from(await new Response(await cloche.snapshots.pack(taken.id, 'file')).arrayBuffer())
    expect(tar.toString('latin1', 1024, 1028)).toBe('file')
    expect(tar.toString('latin1', 1536, 1540)).toBe('one\n')
    await expect(cloche.snapshots.pack(taken.id, 'none')).rejects.toBeInstanceOf(FileNotFound)
    const copy = await cloche.sandboxes.create({ snapshot: taken.id })
    expect(await copy.describe()).toMatchObject({ template: 'base', limits, snapshot: taken.id })
    expect(await said(copy, 'cat file')).toBe('one\n')
    expect((await copy.snapshot()).parentId).toBe(taken.id)
    const [newest] = await all()
    expect(newest).toMatchObject({ sandboxId: copy.id })
    await copy.delete()
    for (const { id } of await all()) await cloche.snapshots.delete(id)
    expect(await heldMiB()).toBe(before)
    await expect(cloche.snapshots.delete(taken.id)).rejects.toBeInstanceOf(NotFound)
    await expect(cloche.sandboxes.create({ snapshot: taken.id })).rejects.toBeInstanceOf(NotFound)
  })

  it('bring a disk back, and nothing of what was there is lost', async () => {
    await said(sandbox, 'echo old >file')
    const old = await sandbox.snapshot({ name: 'old' })
    await said(sandbox, 'echo new >file')
    const { sandbox: restored, before } = await sandbox.restore(old.id)
    expect(restored).toMatchObject({ state: 'running', snapshot: old.id })
    expect(await said(sandbox, 'cat file; echo $LESSON')).toBe('old\n7\n')
    const lost = await cloche.sandboxes.create({ snapshot: before.id })
    expect(await said(lost, 'cat file')).toBe('new\n')
    // One that was stopped stays stopped.
    await sandbox.stop({ graceSeconds: 0 })
    expect((await sandbox.restore(before.id)).sandbox.state).toBe('stopped')
    await sandbox.start()
    expect(await said(sandbox, 'cat file')).toBe('new\n')
    await lost.delete()
    for (const { id } of await all()) await cloche.snapshots.delete(id)
  })

  it('make forks of a sandbox that runs: all that were asked for, or none', async () => {
    await said(sandbox, 'echo shared >file')
    const forks = await sandbox.fork({ count: 3, name: 'try' })
    const described = await Promise.all(forks.map((fork) => fork.describe()))
    expect(described.map(({ name }) => name).toSorted()).toEqual(['try 1', 'try 2', 'try 3'])
    expect(await Promise.all(forks.map((fork) => said(fork, 'cat file; echo $LESSON')))).toEqual(
      Array(3).fill('shared\n7\n'),
    )
    expect(await all()).toEqual([])
    await expect(sandbox.fork({ count: 20 })).rejects.toBeInstanceOf(QuotaExceeded)
    const left: string[] = []
    for await (const { id } of cloche.sandboxes.list()) left.push(id)
    expect(left.toSorted()).toEqual([sandbox, ...forks].map(({ id }) => id).toSorted())
    expect(await all()).toEqual([])
    for (const fork of forks) await fork.delete()
  })

  it('tell what a sandbox has changed', async () => {
    const { changes } = await sandbox.changes()
    expect(changes).toContainEqual({ path: '/home/user/file', change: 'added', type: 'file', sizeBytes: 7 })
  })

  it('are refused when the disk of the quota is used up, and leave nothing then', async () => {
    await said(sandbox, 'head -c 20M /dev/urandom >big; sync')
    const { tenant } = (await owner.call('GET', '/api/v1/me')).body
    const { limits: quota } = await cloche.quota()
    const operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    const bound = (diskMiB: number) =>
      operator.call('PATCH', `/api/v1/admin/tenants/${tenant.id}`, { quota: { ...quota, diskMiB } })
    expect((await bound((await heldMiB()) + 10)).status).toBeLessThan(300)
    await expect(sandbox.snapshot()).rejects.toBeInstanceOf(QuotaExceeded)
    await expect(sandbox.fork()).rejects.toBeInstanceOf(QuotaExceeded)
    expect(await all()).toEqual([])
    // A restore that is refused leaves the sandbox as it was: running, with its disk.
    expect((await bound(quota.diskMiB)).status).toBeLessThan(300)
    const full = await sandbox.snapshot()
    expect((await bound((await heldMiB()) + 10)).status).toBeLessThan(300)
    await expect(sandbox.restore(full.id)).rejects.toBeInstanceOf(QuotaExceeded)
    expect(await said(sandbox, 'ls big')).toBe('big\n')
    await cloche.snapshots.delete(full.id)
    expect((await bound(quota.diskMiB)).status).toBeLessThan(300)
    await said(sandbox, 'rm big')
  })

  it('of which the server died are finished, and what was deleted is deleted on the node', async () => {
    const taken = await sandbox.snapshot({ name: 'kept' })
    const gone = await sandbox.snapshot({ name: 'gone' })
    const half = newId('sn')
    // As a server leaves them that is killed before the node has answered: one that the node has, one that it has not.
    await database.query(
      `UPDATE snapshot SET ready = false, "createdAt" = now() AT TIME ZONE 'UTC' - interval '1 hour' WHERE id = $1`,
      [taken.id],
    )
    await database.query(
      `INSERT INTO snapshot SELECT (jsonb_populate_record(null::snapshot, to_jsonb(s) || $2)).* FROM snapshot s WHERE id = $1`,
      [taken.id, { id: half, name: 'half' }],
    )
    await database.query('DELETE FROM snapshot WHERE id = $1', [gone.id])
    using node = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
    const onNode = async () =>
      (await node.ask('GET', '/snapshots', nodeSnapshots)).snapshots.map(({ id }) => id)
    expect((await onNode()).toSorted()).toEqual([taken.id, gone.id].toSorted())
    await expect.poll(onNode, { timeout: 30_000 }).toEqual([taken.id])
    expect((await all()).map(({ name }) => name)).toEqual(['kept'])
    expect((await database.query('SELECT FROM snapshot')).rowCount).toBe(1)
  })
})
