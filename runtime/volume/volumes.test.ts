import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, node } from '../../protocol/api/index.js'
import { nodeDiskUse, nodeOrphanDisks, nodeVolume, nodeVolumes } from '../../protocol/node/index.js'
import { snapshotVolume } from '../rootfs/snapshot.js'
import { createVolume, destroyVolume, qgroupOf, volumeId } from '../rootfs/volume.js'
import { claimOf, type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { inGuest, testInstance } from '../testing/kernel.js'

describe('volumes', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const tenantId = newId('tn')

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const ok = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await cloche.call(method, path, body)
    expect(status, text).toBeLessThan(300)
    return text === '' ? undefined : JSON.parse(text)
  }
  const refused = async (method: string, path: string, body?: unknown) =>
    refusalOf(await cloche.call(method, path, body))
  const make = async (over: object = {}, id: string = newId('vl')) =>
    nodeVolume.parse(await ok('PUT', `/volumes/${id}`, { tenantId, sizeMiB: 32, ...over })).id
  const list = async () => nodeVolumes.parse(await ok('GET', '/volumes')).volumes
  const at = (volume: string, path = '/data', readOnly = false) => ({ volume, path, readOnly })
  const claim = async (volumes: readonly object[], over: object = {}) =>
    (await cloche.claim({ tenantId, volumes, ...over })).id
  const inside = async (id: string, script: string) => {
    const { stdout, stderr } = await cloche.exec(id, script)
    return stdout + stderr
  }
  const asRoot = async (id: string, script: string) => {
    const { stdout, stderr } = await cloche.exec(id, script, { user: 'root' })
    return stdout + stderr
  }
  const remove = async (...ids: readonly string[]) => {
    for (const id of ids) await ok('DELETE', id.startsWith('sb') ? `/sandboxes/${id}` : `/volumes/${id}`)
  }
  const problems = async () => node.parse(await ok('GET', '/node')).problems

  it('are the same for all sandboxes that have them, with the same owners, and stay when these go', async () => {
    const volume = await make()
    const one = await claim([at(volume)])
    const other = await claim([at(volume, '/srv/deep/shared')])
    const reader = await claim([at(volume, '/data', true)])
    expect(
      await inside(
        one,
        'cd /data; id -u; echo mine >file; echo x | tee -a file >/dev/null; stat -c %u:%a . file',
      ),
    ).toBe('1000\n1000:777\n1000:644\n')
    await asRoot(one, 'echo theirs >/data/of-root; chmod 600 /data/of-root')
    expect(
      await inside(other, 'cat /srv/deep/shared/file; stat -c %u:%g /srv/deep/shared/* /srv /srv/deep'),
    ).toBe('mine\nx\n1000:1000\n0:0\n0:0\n0:0\n')
    expect(await inside(other, 'cat /srv/deep/shared/of-root')).toContain('Permission denied')
    await inside(other, 'echo more >>/srv/deep/shared/file')
    expect(await inside(reader, 'tail -1 /data/file; echo no >/data/new')).toMatch(
      /^more\n.*Read-only file system/,
    )
    expect(await asRoot(reader, 'mount -o remount,rw /data; umount /data; touch /data/x; ls /data')).toMatch(
      /^file\nof-root\n[\s\S]*umount: [\s\S]*x': Read-only file system/,
    )
    expect(await asRoot(one, 'mknod /data/disk b 7 0; mknod /data/null c 1 3; ls /data')).toMatch(
      /^file\nof-root\n.*not permitted\n.*not permitted\n$/,
    )
    // A program of its set-uid gives what its owner has in this sandbox.
    await asRoot(one, 'cp /usr/bin/id /data/id; chmod 4755 /data/id')
    expect(await inside(other, '/srv/deep/shared/id -u')).toBe('0\n')
    expect(await refused('DELETE', `/volumes/${volume}`)).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(one),
    })
    await remove(one, other, reader)
    const next = await claim([at(volume, '/data')])
    expect(await inside(next, 'cat /data/file; ls /data/..')).toMatch(/^mine\nx\nmore\nbin\n/)
    await remove(next, volume)
    expect(readdirSync(join(cloche.disk, 'volumes'))).toEqual([])
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('/volumes/')
  })

  it('are full by themselves: their sandbox goes on, and what else it writes', async () => {
    const volume = await make()
    const id = await claim([at(volume)])
    expect(await inside(id, 'head -c 60M /dev/zero >/data/big')).toMatch(/No space left|quota exceeded/i)
    expect(await inside(id, 'head -c 10M /dev/zero >own && stat -c %s own')).toBe('10485760\n')
    expect(await refused('PATCH', `/volumes/${volume}`, { sizeMiB: 16 })).toMatchObject({
      code: 'quota_exceeded',
    })
    expect(await ok('PATCH', `/volumes/${volume}`, { sizeMiB: 80 })).toMatchObject({ sizeMiB: 80 })
    expect(await inside(id, 'head -c 60M /dev/zero >/data/big && stat -c %s /data/big')).toBe('62914560\n')
    await inside(id, 'rm /data/big; sync')
    expect(await ok('PATCH', `/volumes/${volume}`, { sizeMiB: 16 })).toMatchObject({ sizeMiB: 16 })
    await remove(id, volume)
  })

  it('are mounted only where nothing leads elsewhere', async () => {
    const volume = await make()
    const id = await claim([])
    await asRoot(id, 'ln -s /proc /link; mkdir /deep; ln -s ../proc /deep/up; echo x >/plain')
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    const snapshot = newId('sn')
    await ok('PUT', `/sandboxes/${id}/snapshots/${snapshot}`)
    for (const [path, why] of [
      ['/link', '/link is a symbolic link'],
      ['/link/self', '/link is a symbolic link'],
      ['/deep/up', '/deep/up is a symbolic link'],
      ['/plain', '/plain is no directory'],
      ['/var/run/x', '/var/run is a symbolic link'],
    ] as const) {
      const wanted = claimOf({ tenantId, snapshot, volumes: [at(volume, path)] })
      expect(await refused('PUT', `/sandboxes/${newId('sb')}`, wanted), path).toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(why),
      })
    }
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('/volumes/')
    await ok('DELETE', `/snapshots/${snapshot}`)
    await remove(id, volume)
  })

  it("are their tenant's", async () => {
    const volume = await make()
    const theirs = claimOf({ tenantId: newId('tn'), volumes: [at(volume)] })
    expect(await refused('PUT', `/sandboxes/${newId('sb')}`, theirs)).toMatchObject({ code: 'not_found' })
    expect(await refused('PUT', `/volumes/${volume}`, { tenantId: newId('tn'), sizeMiB: 16 })).toMatchObject({
      code: 'conflict',
    })
    expect(
      await refused('PUT', `/volumes/${newId('vs')}`, { tenantId: newId('tn'), sizeMiB: null, from: volume }),
    ).toMatchObject({ code: 'not_found' })
    await remove(volume)
  })

  it('stay with a sandbox over stop, start, restarts of the runtime and restores of its disk', async () => {
    const volume = await make()
    const id = await claim([at(volume), at(await make(), '/other', true)])
    await inside(id, 'echo before >/data/file; echo old >file')
    const snapshot = newId('sn')
    await ok('PUT', `/sandboxes/${id}/snapshots/${snapshot}`)
    await cloche.restart()
    expect(await inside(id, 'cat /data/file; echo x >/other/x')).toMatch(/^before\n.*Read-only/)
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    // What is read of a stopped sandbox is what it would see.
    expect(await cloche.bytes(`/sandboxes/${id}/files?path=/data/file`)).toEqual(Buffer.from('before\n'))
    await ok('POST', `/sandboxes/${id}/rollback`, { snapshot, keepAs: newId('sn') })
    await cloche.restart()
    await ok('POST', `/sandboxes/${id}/start`)
    expect(await inside(id, 'cat /data/file; echo x >/other/x')).toMatch(/^before\n.*Read-only/)
    // A snapshot of a sandbox is its own disk, not what is mounted in it.
    const copy = await claim([], { snapshot })
    expect(await inside(copy, 'cat file; ls /data')).toBe('old\n')
    await remove(id, copy)
    for (const { id: one } of await list()) await remove(one)
  })

  it('have files from outside, whose links stay within', async () => {
    const volume = await make()
    const id = await claim([at(volume)])
    await inside(
      id,
      'ln -s /etc/passwd /data/link; ln -s ../../../etc/shadow /data/up; mkdir /data/d; echo in >/data/d/file',
    )
    const file = (path: string) => `/volumes/${volume}/files?path=${encodeURIComponent(path)}`
    expect((await cloche.bytes(file('/d/file'))).toString()).toBe('in\n')
    expect(await refused('GET', file('/link'))).toMatchObject({ code: 'file_not_found' })
    expect(await refused('GET', file('/up'))).toMatchObject({ code: 'file_not_found' })
    expect(await refused('GET', file('/../record.json'))).toMatchObject({ code: 'file_not_found' })
    await ok('PUT', file('/made/by/hand'), Buffer.from('from outside'))
    await ok('POST', `/volumes/${volume}/files/copy`, { from: '/d', to: '/e' })
    await ok('POST', `/volumes/${volume}/files/move`, { from: '/e/file', to: '/moved' })
    await ok('DELETE', `${file('/d')}&recursive=true`)
    expect(await inside(id, 'cd /data; cat made/by/hand moved; stat -c %u made/by/hand moved; ls')).toBe(
      'from outsidein\n1000\n1000\ne\nlink\nmade\nmoved\nup\n',
    )
    const listed = await ok('GET', `/volumes/${volume}/tree?path=/&depth=3`)
    expect(listed.entries.map((one: { path: string }) => one.path)).toContain('/made/by/hand')
    expect(await refused('PUT', file('/big'), Buffer.alloc(40 * 1024 ** 2))).toMatchObject({
      code: 'disk_full',
    })
    await remove(id, volume)
  })

  it('have snapshots, which are made into other volumes', async () => {
    const volume = await make()
    const id = await claim([at(volume)])
    await inside(id, 'echo one >/data/file; head -c 4M /dev/urandom >/data/big')
    const snapshot = await make({ sizeMiB: null, from: volume }, newId('vs'))
    expect((await list()).find((one) => one.id === snapshot)).toMatchObject({ sizeMiB: null })
    await inside(id, 'echo two >/data/file')
    expect(
      await refused('PUT', `/volumes/${newId('vl')}`, { tenantId, sizeMiB: 2, from: snapshot }),
    ).toMatchObject({ code: 'quota_exceeded' })
    const copy = await make({ from: snapshot })
    await remove(snapshot)
    const both = await claim([at(volume), at(copy, '/copy')])
    expect(await inside(both, 'cat /data/file /copy/file; echo three >/copy/file; cat /data/file')).toBe(
      'two\none\ntwo\n',
    )
    expect(await inside(both, 'head -c 60M /dev/zero >/copy/x')).toMatch(/No space left|quota exceeded/i)
    await remove(id, both, volume, copy)
  })

  it('count for their tenant: what they hold, and what they share with snapshots', async () => {
    const own = newId('tn')
    const volume = await make({ tenantId: own })
    await ok('PUT', `/volumes/${volume}/files?path=/big`, randomBytes(8 * 1024 ** 2))
    const snapshot = await make({ tenantId: own, sizeMiB: null, from: volume }, newId('vs'))
    const { tenants } = nodeDiskUse.parse(await ok('GET', '/disk-use'))
    const of = tenants.find((one) => one.tenantId === own)
    for (const kind of ['volumes', 'volumeSnapshots'] as const) {
      expect(of?.[kind].count).toBe(1)
      expect(of?.[kind].bytes).toBeGreaterThan(8 * 1024 ** 2)
      expect(of?.[kind].exclusiveBytes).toBeLessThan(1024 ** 2)
    }
    await remove(snapshot)
    const id = await claim([at(volume)], { tenantId: own })
    await inside(id, 'sync')
    const exclusive = async () =>
      nodeDiskUse.parse(await ok('GET', '/disk-use')).tenants.find((one) => one.tenantId === own)?.volumes
        .exclusiveBytes
    // The kernel's cleaner takes the snapshot away in its own time.
    await expect.poll(exclusive, { timeout: 60_000 }).toBeGreaterThan(8 * 1024 ** 2)
    await remove(id, volume)
  })

  it('outlive the runtime; what was not finished is gone, and what cannot be read is left', async () => {
    const [whole, half, lost, odd, grown] = [
      await make(),
      await make(),
      await make(),
      await make(),
      await make(),
    ]
    await ok('PUT', `/volumes/${whole}/files?path=/kept`, Buffer.from('kept'))
    await ok('PUT', `/volumes/${lost}/files?path=/kept`, Buffer.from('kept too'))
    await ok('PUT', `/volumes/${odd}/files?path=/kept`, Buffer.from('kept as well'))
    const unmade = `.${newId('vl')}.new`
    const copy = `.${newId('vs')}.new`
    const foreign = newId('vl')
    const dir = join(cloche.disk, 'volumes')
    await cloche.restart({}, async () => {
      const file = (of: string) => join(cloche.home, 'volumes', `${of}.json`)
      destroyVolume(join(dir, half))
      rmSync(file(lost))
      writeFileSync(file(odd), '{"version":')
      const record = JSON.parse(readFileSync(file(grown), 'utf8'))
      writeFileSync(file(grown), JSON.stringify({ ...record, sizeMiB: 48 }))
      createVolume(join(dir, unmade), 1024 ** 2, ['data'])
      await snapshotVolume(join(dir, whole), join(dir, copy), null, tenantId)
      createVolume(join(dir, foreign), 1024 ** 2, ['data'])
      mkdirSync(join(dir, 'something'))
    })
    expect((await list()).map((one) => one.id).toSorted()).toEqual([whole, lost, grown].toSorted())
    expect(readdirSync(dir).toSorted()).toEqual([whole, lost, grown, odd, foreign, 'something'].toSorted())
    const said = await problems()
    for (const one of [odd, foreign, 'something']) {
      expect(said).toEqual(expect.arrayContaining([expect.stringContaining(one)]))
    }
    expect((await cloche.bytes(`/volumes/${whole}/files?path=/kept`)).toString()).toBe('kept')
    expect((await cloche.bytes(`/volumes/${lost}/files?path=/kept`)).toString()).toBe('kept too')
    const limit = readFileSync(
      join(qgroupOf(cloche.disk, volumeId(join(dir, grown))), 'max_referenced'),
      'utf8',
    )
    expect(Number(limit)).toBe(48 * 1024 ** 2)
    const orphans = async () => nodeOrphanDisks.parse(await ok('GET', '/orphan-disks')).disks
    const by = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)
    const told = { kind: 'volume', template: null, diskBytes: expect.any(Number) }
    expect((await orphans()).toSorted(by)).toEqual(
      [
        { ...told, id: odd, cause: 'unreadable_record', reason: 'nobody can read the record', tenantId },
        { ...told, id: foreign, cause: 'missing_record', reason: 'there is no record', tenantId: null },
      ]
        .map((one) => expect.objectContaining(one))
        .toSorted((a, b) => by(a.sample, b.sample)),
    )
    // Nothing is made in the place of one, and it goes only when that is said.
    expect(await refused('PUT', `/volumes/${odd}`, { tenantId, sizeMiB: 16 })).toMatchObject({
      code: 'conflict',
    })
    expect(await refused('POST', `/orphan-disks/${newId('vl')}/restore`, { tenantId })).toMatchObject({
      code: 'not_found',
    })
    expect(await refused('DELETE', `/orphan-disks/${newId('vl')}`)).toMatchObject({ code: 'not_found' })
    // Its size is what the kernel holds it to.
    expect(await ok('POST', `/orphan-disks/${odd}/restore`, { tenantId })).toMatchObject({
      volume: { id: odd, tenantId, sizeMiB: 32 },
    })
    expect((await cloche.bytes(`/volumes/${odd}/files?path=/kept`)).toString()).toBe('kept as well')
    await ok('DELETE', `/orphan-disks/${foreign}`)
    expect([await orphans(), readdirSync(dir).includes(foreign)]).toEqual([[], false])
    expect(await problems()).toEqual([expect.stringContaining('something')])
    rmdirSync(join(dir, 'something'))
    await cloche.restart()
    expect([await orphans(), await problems()]).toEqual([[], []])
    // One that can be read goes to another tenant, unless a sandbox of its own has it.
    const another = newId('tn')
    const user = await claim([at(odd)])
    expect(await refused('POST', `/orphan-disks/${odd}/restore`, { tenantId: another })).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(user),
    })
    expect(await refused('DELETE', `/orphan-disks/${odd}`)).toMatchObject({ code: 'conflict' })
    await remove(user)
    expect(await ok('POST', `/orphan-disks/${odd}/restore`, { tenantId: another })).toMatchObject({
      volume: { tenantId: another, sizeMiB: 32 },
    })
    await ok('DELETE', `/orphan-disks/${odd}`)
    await remove(whole, lost, grown)
  })

  it('are there again with their disk after a start without it', async () => {
    const volume = await make()
    await ok('PUT', `/volumes/${volume}/files?path=/kept`, Buffer.from('kept'))
    const snapshot = await make({ sizeMiB: null, from: volume }, newId('vs'))
    const both = [volume, snapshot]
    const [here, away] = [
      (id: string) => join(cloche.disk, 'volumes', id),
      (id: string) => here(`away-${id}`),
    ]
    await cloche.restart({}, () => {
      for (const id of both) renameSync(here(id), away(id))
    })
    expect(await list()).toEqual([])
    await cloche.restart({}, () => {
      for (const id of both) renameSync(away(id), here(id))
    })
    expect((await list()).map(({ id }) => id).toSorted()).toEqual(both.toSorted())
    expect((await cloche.bytes(`/volumes/${volume}/files?path=/kept`)).toString()).toBe('kept')
    expect(await problems()).toEqual([])
    await remove(...both)
  })

  it('a runtime that is killed in the middle of anything leaves whole ones or none', async () => {
    const volume = await make()
    await ok('PUT', `/volumes/${volume}/files?path=/kept`, Buffer.from('kept'))
    for (let round = 0; round < 6; round++) {
      const calls = [
        cloche.call('PUT', `/volumes/${newId('vl')}`, { tenantId, sizeMiB: 16 }),
        cloche.call('PUT', `/volumes/${newId('vs')}`, { tenantId, sizeMiB: null, from: volume }),
        cloche.call('PUT', `/volumes/${newId('vl')}`, { tenantId, sizeMiB: 16, from: volume }),
        ...(await list())
          .filter(({ id }) => id !== volume)
          .map(({ id }) => cloche.call('DELETE', `/volumes/${id}`)),
      ].map((call) => call.catch(() => undefined))
      await new Promise((resolve) => setTimeout(resolve, round * 2))
      await cloche.restart()
      await Promise.all(calls)
      const there = await list()
      expect(readdirSync(join(cloche.disk, 'volumes')).toSorted()).toEqual(
        there.map(({ id }) => id).toSorted(),
      )
      for (const { id } of there) {
        if (!id.startsWith('vl')) continue
        const { status } = await cloche.call('GET', `/volumes/${id}/tree?path=/`)
        expect(status).toBe(200)
      }
    }
    expect((await cloche.bytes(`/volumes/${volume}/files?path=/kept`)).toString()).toBe('kept')
    expect(await problems()).toEqual([])
    for (const { id } of await list()) await remove(id)
  })
})

describe.skipIf(inGuest)('volumes of a hardened sandbox', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, { isolation: 'hardened' })
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('are written to, and read-only where that is wanted', async () => {
    const [tenantId, volume] = [newId('tn'), newId('vl')]
    await cloche.call('PUT', `/volumes/${volume}`, { tenantId, sizeMiB: 32 })
    const claim = async (path: string, readOnly: boolean) =>
      (await cloche.claim({ tenantId, isolation: 'hardened', volumes: [{ volume, path, readOnly }] })).id
    const [one, reader] = [await claim('/data', false), await claim('/deep/data', true)]
    const ran = await cloche.exec(one, 'echo one >/data/file; stat -c %u:%a /data /data/file')
    expect(ran.stdout).toBe('1000:777\n1000:644\n')
    const read = await cloche.exec(reader, 'cat /deep/data/file; echo no >/deep/data/new; ls /deep/data', {
      user: 'root',
    })
    expect(read.stdout).toBe('one\nfile\n')
    expect(read.stderr).toContain('Read-only file system')
    const full = await cloche.exec(one, 'head -c 60M /dev/zero >/data/big')
    expect(full.stderr).toMatch(/No space left|quota exceeded/i)
  })
})
