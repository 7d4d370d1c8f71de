import { existsSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { adminQuarantine, newId } from '../../protocol/api/index.js'
import { nodeVolume, nodeVolumes } from '../../protocol/node/index.js'
import {
  Cloche,
  Conflict,
  InvalidRequest,
  NotFound,
  QuotaExceeded,
  type Sandbox,
  type SearchOptions,
} from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { RuntimeClient } from '../runtime-client/client.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('volumes', { timeout: 60_000 }, () => {
  let instance: Instance
  let owner: TestClient
  let cloche: Cloche
  let other: Cloche
  let database: pg.Client
  let node: RuntimeClient

  const tenant = async (email: string) => {
    const client = await TestClient.signUp(instance.url, email)
    const { body } = await client.call('POST', '/api/v1/keys', { name: 'volumes' })
    return { client, cloche: new Cloche({ url: instance.url, apiKey: body.key }) }
  }
  beforeAll(async () => {
    instance = await openInstance('vols')
    ;({ client: owner, cloche } = await tenant('owner@example.org'))
    other = (await tenant('other@example.org')).cloche
    database = new pg.Client({
      connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
    })
    await database.connect()
    node = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await database.end()
    await instance[Symbol.asyncDispose]()
  })

  const said = async (of: Sandbox, command: string) => (await of.exec(command)).stdout
  const heldMiB = async () => (await cloche.quota()).used.diskMiB
  const onNode = async () => (await node.ask('GET', '/volumes', nodeVolumes)).volumes.map(({ id }) => id)

  it('are mounted in sandboxes, which keep them when they are forked, and count against the quota', async () => {
    const before = await heldMiB()
    const volume = await cloche.volumes.create({ name: 'data', sizeMiB: 32 })
    expect(volume).toMatchObject({ name: 'data', sizeMiB: 32, usedBy: [] })
    expect(await heldMiB()).toBe(before + 32)
    expect(await cloche.diskUse()).toMatchObject({
      volumes: { count: 1 },
      sandboxes: { count: 0 },
      complete: true,
    })
    await expect(cloche.volumes.create({ name: 'data' })).rejects.toBeInstanceOf(Conflict)
    await expect(cloche.volumes.create({ name: 'huge', sizeMiB: 16_000_000 })).rejects.toBeInstanceOf(
      QuotaExceeded,
    )
    const volumes = [{ volume: volume.id, path: '/data' }]
    const desk = await cloche.sandboxes.create({ limits, name: 'desk', volumes })
    expect(await said(desk, 'echo one >/data/file; cat /data/file')).toBe('one\n')
    expect((await desk.describe()).volumes).toEqual([{ volume: volume.id, path: '/data', readOnly: false }])
    const [fork] = await desk.fork({ name: 'fork' })
    if (fork === undefined) throw new Error('there is no fork')
    expect(await said(fork, 'cat /data/file; echo two >>/data/file')).toBe('one\n')
    expect(await said(desk, 'cat /data/file')).toBe('one\ntwo\n')
    const [bare] = await desk.fork({ volumes: [] })
    expect(await said(bare ?? desk, 'ls /data')).toBe('')
    expect(await cloche.volumes.describe(volume.id)).toMatchObject({
      usedBy: [
        { id: desk.id, name: 'desk', path: '/data', readOnly: false },
        { id: fork.id, name: 'fork' },
      ],
    })
    await expect(cloche.volumes.delete(volume.id)).rejects.toThrow(/in use by desk \(sb_.*\), fork \(sb_/)
    await desk.stop()
    await desk.start()
    expect(await said(desk, 'cat /data/file')).toBe('one\ntwo\n')
    for (const one of [desk, fork, bare]) await one?.delete()
    await cloche.volumes.delete(volume.id)
    expect(await onNode()).toEqual([])
    expect(await heldMiB()).toBe(before)
  })

  it('are given to a stopped sandbox and taken away again, and are kept meanwhile', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => cloche.volumes.create({ name, sizeMiB: 16 })),
    )
    if (one === undefined || two === undefined) throw new Error('there are two')
    const at = (id: string, path: string, readOnly = false) => ({ volume: id, path, readOnly })
    const desk = await cloche.sandboxes.create({ limits, name: 'later', volumes: [at(one.id, '/one')] })
    expect(await said(desk, 'echo kept >/one/file; echo here')).toBe('here\n')
    const both = [at(two.id, '/srv/two'), at(one.id, '/one', true)]
    await expect(desk.update({ volumes: both })).rejects.toThrow('stop the sandbox first')
    await desk.stop()
    await desk.files.list('/one') // mounts what it has now
    expect((await desk.update({ volumes: both })).volumes).toEqual(both)
    await expect(cloche.volumes.delete(two.id)).rejects.toThrow(/in use by later/)
    await desk.start()
    expect(
      await said(desk, 'cat /one/file; (echo x >/one/file) 2>&1; echo two >/srv/two/file; cat /srv/two/file'),
    ).toMatch(/^kept\n.*Read-only file system\ntwo\n$/s)
    await desk.stop()
    await desk.update({ volumes: [] })
    await cloche.volumes.delete(one.id)
    await expect(desk.update({ volumes: [at(one.id, '/one')] })).rejects.toBeInstanceOf(NotFound)
    expect(await cloche.volumes.describe(two.id)).toMatchObject({ usedBy: [] })
    await desk.start()
    expect(await said(desk, 'ls -A /one /srv/two')).toBe('/one:\n\n/srv/two:\n')
    expect(Buffer.from(await cloche.volumes.files(two.id).read('/file')).toString()).toBe('two\n')
    // As after a server that died: the node has other volumes than the row.
    await desk.stop()
    await node.change(desk.id, { volumes: [at(two.id, '/two')] })
    const onItsNode = async () => (await node.get(desk.id)).volumes
    await expect.poll(onItsNode, { timeout: 60_000 }).toEqual([])
    await desk.delete()
    await cloche.volumes.delete(two.id)
  })

  it('grow and shrink, not below what they hold, and take other names', async () => {
    const { id } = await cloche.volumes.create({ name: 'grown', sizeMiB: 32 })
    await cloche.volumes.files(id).write('/big', Buffer.alloc(20 * 1024 ** 2, 1))
    await expect(cloche.volumes.update(id, { sizeMiB: 16 })).rejects.toBeInstanceOf(QuotaExceeded)
    await expect(cloche.volumes.update(id, { sizeMiB: 16_000_000 })).rejects.toBeInstanceOf(QuotaExceeded)
    expect(await cloche.volumes.describe(id)).toMatchObject({ sizeMiB: 32 })
    expect(await cloche.volumes.update(id, { sizeMiB: 48, name: 'renamed' })).toMatchObject({
      ...{ sizeMiB: 48, name: 'renamed', usedBytes: expect.any(Number) },
    })
    await cloche.volumes.files(id).remove('/big')
    expect(await cloche.volumes.update(id, { sizeMiB: 16 })).toMatchObject({ sizeMiB: 16 })
    await cloche.volumes.delete(id)
  })

  it('hold both of two changes at once', async () => {
    const { id } = await cloche.volumes.create({ name: 'changed', sizeMiB: 32 })
    const { id: tenantId } = (await cloche.me()).tenant
    await database.query('BEGIN')
    await database.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
    const changes = [
      cloche.volumes.update(id, { sizeMiB: 48 }),
      cloche.volumes.update(id, { name: 'otherwise' }),
    ]
    const waiting = "SELECT FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
    await expect.poll(async () => (await database.query(waiting)).rowCount).toBe(changes.length)
    await database.query('COMMIT')
    await Promise.all(changes)
    expect(await cloche.volumes.describe(id)).toMatchObject({ sizeMiB: 48, name: 'otherwise' })
    const { volumes } = await node.ask('GET', '/volumes', nodeVolumes)
    expect(volumes.find((one) => one.id === id)).toMatchObject({ sizeMiB: 48 })
    await cloche.volumes.delete(id)
  })

  it('have snapshots, which are made into volumes', async () => {
    const { id } = await cloche.volumes.create({ name: 'source', sizeMiB: 16 })
    const files = cloche.volumes.files(id)
    await files.write('dir/file', 'one')
    const taken = await cloche.volumes.snapshot(id, { name: 'first' })
    expect(taken).toMatchObject({ name: 'first', volumeId: id, volumeName: 'source' })
    await files.write('/dir/file', 'two')
    const copy = await cloche.volumes.create({ name: 'copy', from: taken.id, sizeMiB: 16 })
    expect(await cloche.volumes.files(copy.id).readText('/dir/file')).toBe('one')
    await cloche.volumes.delete(id)
    const kept: string[] = []
    for await (const one of cloche.volumes.snapshots({ volume: id })) kept.push(one.id)
    expect(kept).toEqual([taken.id])
    await expect(cloche.volumes.describe(taken.id)).rejects.toBeInstanceOf(InvalidRequest)
    await cloche.volumes.deleteSnapshot(taken.id)
    await cloche.volumes.delete(copy.id)
  })

  it('are searched, whether a sandbox has them or not, and nothing but them', async () => {
    const { id } = await cloche.volumes.create({ name: 'texts', sizeMiB: 32 })
    const files = cloche.volumes.files(id)
    await files.write('/d/one.txt', 'nothing\nthe BEAN\n')
    await files.write('/d/two.py', 'bean = 1\n')
    await files.write('/.hidden', 'bean\n')
    await files.write('/secret', 'of root: bean\n')
    await files.chmod('/secret', '600')
    const find = async (query: string, options: SearchOptions = {}, of = cloche) => {
      const found: string[] = []
      for await (const one of of.volumes.search(id, query, { path: '/', ...options }))
        found.push(`${one.path}:${one.line}:${one.text}`)
      return found.toSorted()
    }
    expect(await find('bean')).toEqual([
      '/d/one.txt:2:the BEAN',
      '/d/two.py:1:bean = 1',
      '/secret:1:of root: bean',
    ])
    expect(await find('bean', { path: 'd', glob: '*.py' })).toEqual(['/d/two.py:1:bean = 1'])
    expect(await find('^bean', { path: '/../d/..', regex: true, hidden: true })).toEqual([
      '/.hidden:1:bean',
      '/d/two.py:1:bean = 1',
    ])
    expect(await find('root', { path: '/../etc/passwd/..' }).catch(String)).toMatch(/\/etc: No such file/)
    await expect(find('(', { regex: true })).rejects.toBeInstanceOf(InvalidRequest)
    await expect(find('bean', {}, other)).rejects.toBeInstanceOf(NotFound)
    // What runs goes on, and nothing is left of a search.
    const desk = await cloche.sandboxes.create({ limits, volumes: [{ volume: id, path: '/data' }] })
    await said(desk, 'echo late bean >/data/late')
    expect(await find('late')).toEqual(['/late:1:late bean'])
    await desk.delete()
    expect((await node.list()).map((one) => one.tenantId)).not.toContain((await cloche.me()).tenant.id)
    await cloche.volumes.delete(id)
  })

  it("are their tenant's", async () => {
    const { id } = await cloche.volumes.create({ name: 'mine', sizeMiB: 16 })
    const taken = await cloche.volumes.snapshot(id)
    const volumes = [{ volume: id, path: '/data' }]
    const mine = await cloche.sandboxes.create({ limits, volumes })
    const guest = other
    for (const act of [
      () => guest.volumes.describe(id),
      () => guest.volumes.delete(id),
      () => guest.volumes.snapshot(id),
      () => guest.volumes.files(id).list('/'),
      () => guest.volumes.create({ name: 'x', from: taken.id }),
      () => guest.volumes.deleteSnapshot(taken.id),
      () => guest.sandboxes.create({ limits, volumes }),
    ]) {
      await expect(act()).rejects.toBeInstanceOf(NotFound)
    }
    await mine.delete()
    await cloche.volumes.deleteSnapshot(taken.id)
    await cloche.volumes.delete(id)
  })

  it.each([
    ['relative', 'data', /absolute/],
    ['the root', '/', /root directory/],
    ['going up', '/data/../etc', /without/],
    ['of the kernel', '/proc/self', /in \/proc/],
    ['where the runtime is', '/run/cloche', /in \/run/],
    ['of devices', '/dev', /in \/dev/],
    ['of the system', '/sys/fs', /in \/sys/],
  ])('are not mounted at a path that is %s', async (_, path, why) => {
    const volumes = [{ volume: newId('vl'), path }]
    const made = cloche.sandboxes.create({ limits, volumes })
    await expect(made).rejects.toBeInstanceOf(InvalidRequest)
    await expect(made).rejects.toThrow(why)
  })

  it('are not mounted in each other', async () => {
    const [volume, another] = [newId('vl'), newId('vl')]
    const volumes = [
      { volume, path: '/data/a' },
      { volume: another, path: '/data' },
    ]
    await expect(cloche.sandboxes.create({ limits, volumes })).rejects.toThrow(/in each other/)
  })

  it('agree with the node again whatever happened meanwhile', async () => {
    const [kept, deleted] = await Promise.all(
      ['kept', 'deleted'].map((name) => cloche.volumes.create({ name, sizeMiB: 16 })),
    )
    if (kept === undefined || deleted === undefined) throw new Error('there are none')
    const { id: tenantId } = (await cloche.me()).tenant
    const unknown = newId('vl')
    await node.ask('PUT', `/volumes/${unknown}`, nodeVolume, {}, { tenantId, sizeMiB: 16 })
    // A server that died after it had deleted the row, another before it told the node of a size.
    await database.query('DELETE FROM volume WHERE id = $1', [deleted.id])
    await database.query('UPDATE volume SET "sizeMiB" = 24 WHERE id = $1', [kept.id])
    await expect.poll(onNode, { timeout: 40_000 }).not.toContain(deleted.id)
    const sizeOf = async () =>
      (await node.ask('GET', '/volumes', nodeVolumes)).volumes.find(({ id }) => id === kept.id)?.sizeMiB
    await expect.poll(sizeOf, { timeout: 40_000 }).toBe(24)
    // Nobody knows whose it is: it stays.
    expect(await onNode()).toContain(unknown)
    await node.ask('DELETE', `/volumes/${unknown}`, z.unknown())
    await cloche.volumes.delete(kept.id)
  })

  it('that nobody can use, an operator restores or deletes, and nothing else does', async () => {
    const operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    const disks = async () =>
      adminQuarantine.parse((await operator.call('GET', '/api/v1/admin/quarantine')).body).disks
    const act = (method: string, path: string, body?: object) =>
      operator.call(method, `/api/v1/admin/quarantine/disks/${path}`, body)
    const { id: tenantId } = (await cloche.me()).tenant
    const { id: otherId } = (await other.me()).tenant
    const make = (name: string) => cloche.volumes.create({ name, sizeMiB: 16 })
    const [odd, lost, gone] = [await make('odd'), await make('lost'), await make('gone')]
    const ofLost = await cloche.volumes.snapshot(lost.id, { name: 'of lost' })
    for (const { id } of [odd, lost, gone]) await cloche.volumes.files(id).write('/kept', id)
    const desk = await cloche.sandboxes.create({ limits, name: 'teller' })
    await said(desk, 'echo mine >kept; sync')
    const [taken, foreign] = [
      await desk.snapshot({ name: 'taken' }),
      await desk.snapshot({ name: 'foreign' }),
    ]
    expect(await disks()).toEqual([])

    // Records are truncated, and an older database is used that does not know some of them.
    for (const path of [`volumes/${odd.id}`, `volumes/${gone.id}`, `snapshots/${taken.id}`]) {
      truncateSync(join(instance.home, `${path}.json`))
    }
    await database.query('BEGIN')
    await database.query('SET LOCAL session_replication_role = replica')
    await database.query('DELETE FROM volume WHERE id = ANY ($1)', [[lost.id, ofLost.id]])
    await database.query('DELETE FROM snapshot WHERE id = $1', [foreign.id])
    await database.query('COMMIT')
    process.kill((await instance.processes()).get('runtime') ?? 0, 'SIGKILL')
    const all = [odd, lost, gone, ofLost, taken, foreign].map(({ id }) => id).toSorted()
    const found = async () => (await disks()).map(({ id }) => id).toSorted()
    await expect.poll(found, { timeout: 60_000 }).toEqual(all)
    expect(await disks()).toEqual(
      expect.arrayContaining(
        [
          { id: odd.id, kind: 'volume', cause: 'unreadable_record', name: 'odd', tenantId },
          { id: lost.id, kind: 'volume', cause: 'unknown_to_database', name: null, tenantId },
          { id: ofLost.id, kind: 'volume_snapshot', cause: 'unknown_to_database', name: null },
          { id: taken.id, kind: 'snapshot', cause: 'unreadable_record', name: 'taken', template: 'base' },
          { id: foreign.id, kind: 'snapshot', cause: 'unknown_to_database', template: 'base' },
        ].map((one) => expect.objectContaining(one)),
      ),
    )
    const since = async () =>
      (await database.query('SELECT id FROM orphan_disk ORDER BY id')).rows.map(({ id }) => id)
    await expect.poll(since, { timeout: 60_000 }).toEqual(all)
    const [first] = await disks()
    expect((await disks())[0]?.at).toBe(first?.at)
    const metrics = await fetch(`${instance.url}/metrics`, {
      headers: { authorization: `Bearer ${instance.admin.apiKey}` },
    })
    expect(await metrics.text()).toMatch(/^cloche_orphan_disks\{node=".+"\} 6$/m)

    const refused = async (id: string, body: object, why: string) =>
      expect(await act('POST', `${id}/restore`, body)).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining(why) },
      })
    await refused(odd.id, { tenantId: otherId }, `it belongs to tenant ${tenantId}`)
    await refused(lost.id, { tenantId: newId('tn') }, 'there is no tenant')
    expect((await act('POST', `${newId('vl')}/restore`, {})).status).toBe(404)
    expect((await act('DELETE', newId('sn'))).status).toBe(404)

    const restored = async (id: string, body: object = {}) => (await act('POST', `${id}/restore`, body)).body
    expect(await restored(odd.id)).toMatchObject({ id: odd.id, kind: 'volume', name: 'odd', tenantId })
    expect(await cloche.volumes.files(odd.id).readText('/kept')).toBe(odd.id)
    expect(await restored(lost.id, { tenantId: otherId })).toMatchObject({ tenantId: otherId })
    expect(await other.volumes.describe(lost.id)).toMatchObject({ sizeMiB: 16 })
    await expect(cloche.volumes.describe(lost.id)).rejects.toBeInstanceOf(NotFound)
    expect(await restored(ofLost.id)).toMatchObject({ kind: 'volume_snapshot', tenantId })
    const copy = await cloche.volumes.create({ name: 'copy', sizeMiB: 16, from: ofLost.id })
    expect(await restored(taken.id)).toMatchObject({ kind: 'snapshot', name: 'taken' })
    expect(await restored(foreign.id)).toMatchObject({
      kind: 'snapshot',
      name: expect.stringMatching(/^restored-/),
    })
    for (const { id } of [taken, foreign]) {
      const from = await cloche.sandboxes.create({ limits, snapshot: id })
      expect(await said(from, 'cat kept')).toBe('mine\n')
      await from.delete()
    }
    expect(await found()).toEqual([gone.id])
    expect((await act('DELETE', gone.id)).status).toBe(204)
    expect(await found()).toEqual([])
    await expect(cloche.volumes.describe(gone.id)).rejects.toBeInstanceOf(NotFound)
    expect(existsSync(join(instance.home, 'disk/volumes', gone.id))).toBe(false)
    const events = await database.query(
      `SELECT action, target FROM audit_event WHERE action LIKE 'quarantine.%' AND "tenantId" IS NULL ORDER BY at`,
    )
    expect(events.rows).toEqual([
      ...[odd, lost, ofLost, taken, foreign].map(({ id }) => ({ action: 'quarantine.restore', target: id })),
      { action: 'quarantine.delete', target: gone.id },
    ])
    await desk.delete()
    for (const { id } of [taken, foreign]) await cloche.snapshots.delete(id)
    for (const { id } of [odd, copy]) await cloche.volumes.delete(id)
    await other.volumes.delete(lost.id)
  })

  it('keep their tenant from being deleted by the way', async () => {
    const { id } = await cloche.volumes.create({ name: 'in the way', sizeMiB: 16 })
    const { body } = await owner.call('GET', '/api/v1/account/deletion')
    expect(body.tenants).toMatchObject([{ outcome: 'blocked', volumes: 1, sandboxes: 0 }])
    await cloche.volumes.delete(id)
  })
})
