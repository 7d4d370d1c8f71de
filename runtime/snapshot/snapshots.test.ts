import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diskChanges, newId, node, pathText } from '../../protocol/api/index.js'
import { nodeOrphanDisks, nodeSnapshot, nodeSnapshots } from '../../protocol/node/index.js'
import { freeze } from '../cgroup/freezer.js'
import { detectHierarchy } from '../cgroup/hierarchy.js'
import { exchange } from '../linux/libc.js'
import { snapshotVolume } from '../rootfs/snapshot.js'
import { createVolume, destroyVolume, volumeId } from '../rootfs/volume.js'
import { saveRecord } from '../sandbox/record.js'
import { claimOf, type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('snapshots of disks', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const tenantId = newId('tn')
  const claim = (over: object = {}) => cloche.claim({ tenantId, ...over })

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
  const inside = async (id: string, script: string) => (await cloche.exec(id, script)).stdout
  // Not by sudo, which looks for a name server first.
  const asRoot = (id: string, script: string) => cloche.exec(id, script, { user: 'root' })
  const take = async (sandboxId: string, id: string = newId('sn')) =>
    nodeSnapshot.parse(await ok('PUT', `/sandboxes/${sandboxId}/snapshots/${id}`))
  const list = async () => nodeSnapshots.parse(await ok('GET', '/snapshots')).snapshots
  const fork = async (snapshot: string, over: object = {}) => {
    const id = newId('sb')
    await ok('PUT', `/sandboxes/${id}`, claimOf({ tenantId, snapshot, ...over }))
    return id
  }
  const remove = async (...ids: readonly string[]) => {
    for (const id of ids) await ok('DELETE', id.startsWith('sn') ? `/snapshots/${id}` : `/sandboxes/${id}`)
  }
  const problems = async () => node.parse(await ok('GET', '/node')).problems

  it('give their files as tar: with the template, without what was deleted, and nothing stays mounted', async () => {
    const { id } = await claim()
    await inside(id, 'mkdir d; echo kept >d/file; ln d/file d/hard; ln -s file d/link; chmod 4755 d/file')
    const licences = '/usr/share/common-licenses'
    await asRoot(
      id,
      `rm /etc/issue; rm -r ${licences}; mkdir ${licences}; mv /usr/share/vim /usr/share/renamed`,
    )
    const snapshot = await take(id)
    await inside(id, 'rm -r d')
    const tar = (path?: string) => {
      const query = path === undefined ? '' : `?path=${encodeURIComponent(path)}`
      return cloche.bytes(`/snapshots/${snapshot.id}/archive${query}`)
    }
    const names = async (path?: string) => {
      const listed = execFileSync('tar', ['-tvf', '-'], {
        input: await tar(path),
        maxBuffer: 1 << 28,
      }).toString()
      return listed.split('\n').filter(Boolean)
    }
    const home = await names('/home/user/d')
    expect(home.find((line) => line.endsWith(' file'))).toMatch(/^-rwsr-xr-x \S+ +5 /)
    expect(home.join('\n')).toContain('hard link to file')
    expect(home.join('\n')).toContain('link -> file')
    const etc = (await names('/etc')).map((line) => line.split(/\s+/)[5])
    expect(etc).toContain('passwd')
    expect(etc).not.toContain('issue')
    expect((await names('/usr/share/renamed')).length).toBeGreaterThan(10)
    expect(await names('/usr/share/common-licenses')).toEqual([])
    const refused = async (path: string) => refusalOf(await cloche.call('GET', path)).code
    expect(await refused(`/snapshots/${snapshot.id}/archive?path=/usr/share/vim`)).toBe('file_not_found')
    expect(await refused(`/snapshots/${newId('sn')}/archive`)).toBe('not_found')
    await expect.poll(() => readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(snapshot.id)
    await remove(id, snapshot.id)
  })

  it('of what is on its way to the disk hold up nobody else', async () => {
    const { id } = await claim({ limits: { cpus: 1, memoryMiB: 512, diskMiB: 512, pids: 64 } })
    await inside(id, 'head -c 200M /dev/urandom >unwritten')
    const began = performance.now()
    let took: number | undefined
    const taken = take(id).finally(() => {
      took = performance.now() - began
    })
    // The kernel writes all of it first, and meanwhile whoever asks is answered.
    let longest = 0
    while (took === undefined) {
      const asked = performance.now()
      await cloche.call('GET', '/node')
      longest = Math.max(longest, performance.now() - asked)
    }
    expect(longest).toBeLessThan(took / 2)
    await remove(id, (await taken).id)
  })

  it('hold what the disk had at one moment, while programs write to it', async () => {
    const { id } = await claim()
    // Two files that always are the same, one after the other.
    await inside(
      id,
      'echo one >kept; (i=0; while :; do i=$((i+1)); echo $i >a; cp a b; done) >/dev/null 2>&1 &',
    )
    const snapshot = await take(id)
    expect(snapshot).toMatchObject({ sandboxId: id, template: 'base', limits: { diskMiB: 64 } })
    await inside(id, 'echo two >kept; rm -f /etc/hostname.new; rm /etc/issue')
    const made = await fork(snapshot.id)
    expect(
      await inside(
        made,
        'cat kept; ls /etc/issue; test $(($(cat a) - $(cat b || echo 0))) -le 1 && echo same',
      ),
    ).toBe('one\n/etc/issue\nsame\n')
    // What either writes is its own, and each is held to its own limit.
    await inside(made, 'echo three >kept')
    expect(await inside(id, 'cat kept')).toBe('two\n')
    expect(await inside(made, 'head -c 100M /dev/zero >big 2>/dev/null || echo full; rm big')).toBe('full\n')
    const [again] = [await take(id, snapshot.id)]
    expect(again.createdAt).toBe(snapshot.createdAt)
    expect((await list()).map((one) => one.id)).toEqual([snapshot.id])
    await remove(snapshot.id, snapshot.id)
    expect(await inside(made, 'cat kept')).toBe('three\n')
    await remove(id, made)
  })

  it('are taken of paused and of stopped sandboxes, which stay so', async () => {
    const { id } = await claim()
    await inside(id, 'echo kept >file; sync')
    await ok('POST', `/sandboxes/${id}/pause`)
    const paused = await take(id)
    expect((await ok('GET', `/sandboxes/${id}`)).state).toBe('paused')
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    const stopped = await take(id)
    expect((await ok('GET', `/sandboxes/${id}`)).state).toBe('stopped')
    for (const { id: from } of [paused, stopped]) {
      const made = await fork(from)
      expect(await inside(made, 'cat file')).toBe('kept\n')
      await remove(made)
    }
    await remove(id, paused.id, stopped.id)
  })

  it('bring a stopped sandbox back to what it was, and what it is now becomes a snapshot', async () => {
    const { id } = await claim()
    await inside(id, 'echo old >file')
    const old = await take(id)
    await inside(id, 'echo new >file; echo more >more')
    const keepAs = newId('sn')
    const rollBack = () => cloche.call('POST', `/sandboxes/${id}/rollback`, { snapshot: old.id, keepAs })
    expect(refusalOf(await rollBack())).toMatchObject({
      code: 'conflict',
      message: `sandbox ${id} must be stopped first`,
    })
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    expect((await rollBack()).status).toBe(200)
    await ok('POST', `/sandboxes/${id}/start`)
    expect(await inside(id, 'cat file; ls more 2>/dev/null')).toBe('old\n')
    expect(await inside(id, 'head -c 100M /dev/zero >big 2>/dev/null || echo full; rm big')).toBe('full\n')
    const before = await fork(keepAs)
    expect(await inside(before, 'cat file more')).toBe('new\nmore\n')
    expect(readdirSync(join(cloche.disk, 'snapshots')).toSorted()).toEqual([old.id, keepAs].toSorted())
    await remove(id, before, old.id, keepAs)
  })

  it('bring a sandbox back while its files are still being read, and what is written from then on stays', async () => {
    const { id } = await claim()
    await inside(id, 'echo old >file; head -c 20M /dev/urandom >big')
    const old = await take(id)
    await inside(id, 'echo new >file')
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    const reading = get({
      socketPath: `/run/cloche/${testInstance}/runtime.sock`,
      path: `/sandboxes/${id}/archive?path=.`,
      agent: false,
    })
    try {
      const [answer] = await once(reading, 'response')
      // It is never read to its end: the files of the old disk stay open.
      expect(answer.pause().statusCode).toBe(200)
      const keepAs = newId('sn')
      await ok('POST', `/sandboxes/${id}/rollback`, { snapshot: old.id, keepAs })
      await ok('POST', `/sandboxes/${id}/start`)
      expect(await inside(id, 'cat file; echo later >later')).toBe('old\n')
      await remove(old.id, keepAs)
    } finally {
      reading.destroy()
    }
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    await ok('POST', `/sandboxes/${id}/start`)
    expect(await inside(id, 'cat later')).toBe('later\n')
    await remove(id)
  })

  it('tell what differs from the template', async () => {
    const { id } = await claim()
    await inside(
      id,
      `echo x >new; mkdir -p dir/sub; ln -s new link; printf x >"$(printf 'caf\\351')"
       sudo sh -c 'rm /etc/issue; echo more >>/etc/hostname.conf; echo x >>/etc/bash.bashrc; rm -r /var/tmp; mkdir -m 1777 /var/tmp'`,
    )
    const { changes, truncated } = diskChanges.parse(await ok('GET', `/sandboxes/${id}/changes?limit=100`))
    expect(truncated).toBe(false)
    const at = (path: string) => changes.find((one) => one.path === path)
    expect(at('/home/user/new')).toEqual({
      path: '/home/user/new',
      change: 'added',
      type: 'file',
      sizeBytes: 2,
    })
    expect(at('/home/user/dir/sub')).toMatchObject({ change: 'added', type: 'directory' })
    expect(at('/home/user/link')).toMatchObject({ change: 'added', type: 'symlink' })
    expect(at(pathText(Buffer.from('/home/user/caf\xe9', 'latin1')))).toMatchObject({ change: 'added' })
    expect(at('/etc/issue')).toEqual({ path: '/etc/issue', change: 'deleted', type: null, sizeBytes: 0 })
    expect(at('/etc/bash.bashrc')).toMatchObject({ change: 'changed', type: 'file' })
    expect(at('/var/tmp')).toMatchObject({ change: 'changed', type: 'directory' })
    expect(at('/home')).toBeUndefined()
    const few = diskChanges.parse(await ok('GET', `/sandboxes/${id}/changes?limit=2`))
    expect(few).toMatchObject({ truncated: true, changes: { length: 2 } })
    await remove(id)
  })

  it('leave a sandbox of a paused tenant as it is, also over a restart', async () => {
    const { id } = await claim()
    await inside(id, 'echo kept >file')
    await ok('POST', `/tenants/${tenantId}/pause`)
    const snapshot = await take(id)
    await cloche.restart()
    expect((await ok('GET', `/sandboxes/${id}`)).state).toBe('paused')
    await ok('POST', `/tenants/${tenantId}/resume`)
    expect(await inside(id, 'cat file')).toBe('kept\n')
    await remove(id, snapshot.id)
  })

  it("are their tenant's, and need a disk that is large enough", async () => {
    const { id } = await claim()
    await inside(id, 'head -c 40M /dev/urandom >file; sync')
    const snapshot = await take(id)
    const refused = async (over: object) =>
      refusalOf(
        await cloche.call(
          'PUT',
          `/sandboxes/${newId('sb')}`,
          claimOf({ tenantId, snapshot: snapshot.id, ...over }),
        ),
      )
    expect(await refused({ tenantId: newId('tn') })).toMatchObject({ code: 'not_found' })
    expect(await refused({ limits: { ...claimOf().limits, diskMiB: 32 } })).toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringMatching(/^the snapshot holds 4\d MiB and the sandbox's disk 32 MiB/),
    })
    expect(
      refusalOf(
        await cloche.call('PUT', `/sandboxes/${newId('sb')}`, claimOf({ tenantId, snapshot: newId('sn') })),
      ),
    ).toMatchObject({ code: 'not_found' })
    await remove(id, snapshot.id)
  })

  it('outlive the runtime; one that was not finished is gone, and what cannot be read is left', async () => {
    const { id } = await claim()
    await inside(id, 'echo kept >file')
    const [whole, half, lost, odd] = [await take(id), await take(id), await take(id), await take(id)]
    // Killed while what runs stood still.
    await freeze(detectHierarchy(), cloche.recordOf(id).cgroup)
    await cloche.restart({}, () => {
      const file = (of: string) => join(cloche.home, 'snapshots', `${of}.json`)
      destroyVolume(join(cloche.disk, 'snapshots', half.id))
      rmSync(file(lost.id))
      writeFileSync(file(odd.id), '{"version":')
    })
    expect((await list()).map((one) => one.id).toSorted()).toEqual([whole.id])
    expect(existsSync(join(cloche.disk, 'snapshots', lost.id))).toBe(true)
    expect(existsSync(join(cloche.disk, 'snapshots', odd.id))).toBe(true)
    expect(await problems()).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`nobody can read the record of the snapshot ${odd.id}`),
        expect.stringContaining(`there is no record of the snapshot ${lost.id}`),
      ]),
    )
    const orphans = async () => nodeOrphanDisks.parse(await ok('GET', '/orphan-disks')).disks
    expect((await orphans()).map((one) => [one.id, one.cause, one.tenantId, one.template])).toEqual(
      expect.arrayContaining([
        [lost.id, 'missing_record', tenantId, 'base'],
        [odd.id, 'unreadable_record', tenantId, 'base'],
      ]),
    )
    const onto = await cloche.call('PUT', `/sandboxes/${id}/snapshots/${odd.id}`)
    expect(refusalOf(onto)).toMatchObject({ code: 'conflict' })
    // The sandbox's record, as it is on the disk, tells the rest.
    const { createdAt: _, exclusiveBytes: __, sizeBytes: ___, ...same } = odd
    expect(await ok('POST', `/orphan-disks/${odd.id}/restore`, { tenantId })).toMatchObject({
      snapshot: same,
    })
    expect(await inside(await fork(odd.id), 'cat file')).toBe('kept\n')
    // Without it the node has to be told, and takes the layers that the template has today.
    const path = join(cloche.disk, 'snapshots', lost.id)
    await cloche.restart({}, () => {
      destroyVolume(path)
      createVolume(path, 1024 ** 2)
      writeFileSync(join(path, 'upper/root-file'), 'kept\n')
    })
    const bare = await cloche.call('POST', `/orphan-disks/${lost.id}/restore`, { tenantId })
    expect(refusalOf(bare)).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('which template'),
    })
    const none = { tenantId, template: 'nothing' }
    expect(refusalOf(await cloche.call('POST', `/orphan-disks/${lost.id}/restore`, none))).toMatchObject({
      code: 'conflict',
    })
    await ok('POST', `/orphan-disks/${lost.id}/restore`, { tenantId, template: 'base', sandboxId: id })
    expect(await inside(await fork(lost.id), 'cat /root-file')).toBe('kept\n')
    expect([await orphans(), await problems()]).toEqual([[], []])
    await ok('DELETE', `/orphan-disks/${lost.id}`)
    expect(existsSync(path)).toBe(false)
    expect(await inside(id, 'cat file')).toBe('kept\n')
    expect(await inside(await fork(whole.id), 'cat file')).toBe('kept\n')
  })

  it('are there again with their disk after a start without it', async () => {
    const { id } = await claim()
    await inside(id, 'echo kept >file')
    const snapshot = await take(id)
    const [here, away] = [snapshot.id, 'away'].map((name) => join(cloche.disk, 'snapshots', name)) as [
      string,
      string,
    ]
    await cloche.restart({}, () => renameSync(here, away))
    expect((await list()).map((one) => one.id)).not.toContain(snapshot.id)
    await cloche.restart({}, () => renameSync(away, here))
    expect(await list()).toEqual(expect.arrayContaining([snapshot]))
    const made = await fork(snapshot.id)
    expect(await inside(made, 'cat file')).toBe('kept\n')
    await remove(id, made, snapshot.id)
  })

  it.each([
    ['before', 'new'],
    ['after', 'old'],
  ])('a runtime that is killed %s the disks change places leaves a whole one', async (when, content) => {
    const { id } = await claim()
    await inside(id, 'echo old >file')
    const old = await take(id)
    await inside(id, 'echo new >file')
    await ok('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    const record = cloche.recordOf(id)
    const beside = join(cloche.disk, 'snapshots', `${record.id}.new`)
    const disk = join(cloche.disk, 'sandboxes', record.id)
    await cloche.restart({}, async () => {
      await snapshotVolume(join(cloche.disk, 'snapshots', old.id), beside, 64 * 1024 ** 2, tenantId)
      const { template, layers, image, system } = record
      saveRecord(join(cloche.home, 'boxes', record.id), {
        ...record,
        rollback: { template, layers, image, system },
      })
      if (when === 'after') exchange(beside, disk)
    })
    expect(existsSync(beside)).toBe(false)
    expect(cloche.recordOf(id)).toMatchObject({ rollback: null, volumeId: volumeId(disk) })
    await ok('POST', `/sandboxes/${id}/start`)
    expect(await inside(id, 'cat file')).toBe(`${content}\n`)
  })
})
