import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId, node, type QuarantineEntry, quarantineEntry } from '../../protocol/api/index.js'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import {
  claimOf,
  type Instance,
  lonelyNamespace,
  refusalOf,
  startInstance,
  testLimits,
} from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('a sandbox whose record cannot be read', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance

  const entries = async (): Promise<QuarantineEntry[]> =>
    z
      .object({ entries: z.array(quarantineEntry) })
      .parse(JSON.parse((await cloche.call('GET', '/quarantine')).text)).entries
  const listed = async () =>
    z
      .object({ sandboxes: z.array(runtimeSandbox) })
      .parse(JSON.parse((await cloche.call('GET', '/sandboxes')).text)).sandboxes
  const describeNode = async () => node.parse(JSON.parse((await cloche.call('GET', '/node')).text))
  const recordFile = (id: string) => join(cloche.home, 'boxes', cloche.recordOf(id).id, 'record.json')
  /** A sandbox with a file of its own. */
  const withFile = async () => {
    const sandbox = await cloche.claim()
    expect((await cloche.exec(sandbox.id, `echo ${sandbox.id} > kept; sync`)).exit?.exitCode).toBe(0)
    return sandbox
  }
  const asOf = ({ id, ...sandbox }: RuntimeSandbox) => ({
    ...{ sandboxId: id, tenantId: sandbox.tenantId, template: 'base', limits: sandbox.limits },
    ...{ network: 'none', isolation: 'standard', env: {}, hostname: 'restored' },
  })
  const restore = (entry: string, as: object) => cloche.call('POST', `/quarantine/${entry}/restore`, as)
  const expectFile = async (id: string) => {
    if ((await listed()).find((one) => one.id === id)?.state === 'stopped') {
      expect((await cloche.call('POST', `/sandboxes/${id}/start`)).status).toBe(200)
    }
    expect((await cloche.exec(id, 'cat kept')).stdout).toBe(`${id}\n`)
  }
  const remove = async (...boxes: readonly { readonly id: string }[]) => {
    for (const { id } of boxes) expect((await cloche.call('DELETE', `/sandboxes/${id}`)).status).toBe(204)
  }
  const disks = (where: string) => readdirSync(join(cloche.disk, where))

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('is set aside with its disk, comes back as it was, and all others are adopted', async () => {
    const [emptied, cut, newer, extended, fine] = await Promise.all([
      withFile(),
      withFile(),
      withFile(),
      withFile(),
      withFile(),
    ])
    const cutTo = readFileSync(recordFile(cut.id), 'utf8').slice(0, 100)
    await cloche.restart({}, () => {
      const change = (id: string, edit: (record: Record<string, unknown>) => object) => {
        const file = recordFile(id)
        writeFileSync(file, JSON.stringify(edit(JSON.parse(readFileSync(file, 'utf8')))))
      }
      const [one, two] = [recordFile(emptied.id), recordFile(cut.id)]
      change(newer.id, (record) => ({ ...record, version: 2, shape: 'new' }))
      change(extended.id, (record) => ({ ...record, limits: { ...testLimits, gpus: 1 } }))
      truncateSync(one)
      writeFileSync(two, cutTo)
    })
    expect((await listed()).map(({ id, state }) => [id, state]).toSorted()).toEqual(
      [extended, fine].map(({ id }) => [id, 'running']).toSorted(),
    )
    for (const { id } of [extended, fine]) await expectFile(id)
    const found = await entries()
    expect(found.map(({ sandboxId, cause }) => [sandboxId, cause]).toSorted()).toEqual(
      [
        [emptied.id, 'unreadable_record'],
        [cut.id, 'unreadable_record'],
        [newer.id, 'newer_record'],
      ].toSorted(),
    )
    expect(found.every(({ diskBytes, overdue }) => (diskBytes ?? 0) > 0 && !overdue)).toBe(true)
    expect((await describeNode()).quarantined).toBe(3)
    const kept = found.find(({ sandboxId }) => sandboxId === cut.id)?.id ?? ''
    expect(readFileSync(join(cloche.home, 'quarantine', kept, 'record/record.json'), 'utf8')).toBe(cutTo)

    const wrong = await restore(kept, asOf(fine))
    expect([wrong.status, refusalOf(wrong).message]).toEqual([409, expect.stringContaining('already')])
    const others = await restore(kept, asOf({ ...fine, id: newId('sb') }))
    expect(refusalOf(others)).toMatchObject({ code: 'conflict', message: expect.stringContaining(cut.id) })
    for (const sandbox of [emptied, cut]) {
      const entry = found.find(({ sandboxId }) => sandboxId === sandbox.id)?.id ?? ''
      expect(JSON.parse((await restore(entry, asOf(sandbox))).text)).toMatchObject({
        id: sandbox.id,
        state: 'stopped',
      })
      await expectFile(sandbox.id)
    }

    // An upgrade reads the record that was too new: here somebody mends it.
    const [waiting] = await entries()
    await cloche.restart({}, () => {
      const file = join(cloche.home, 'quarantine', waiting?.id ?? '', 'record/record.json')
      writeFileSync(file, readFileSync(file, 'utf8').replace('"version":2', '"version":1'))
    })
    expect(await entries()).toEqual([])
    await expectFile(newer.id)
    await remove(emptied, cut, newer, extended, fine)
    expect([disks('sandboxes'), disks('quarantine')]).toEqual([[], []])
  })

  it('is set aside when the record is gone altogether, can be rebuilt from the database, or deleted', async () => {
    const [bare, unknown, deleted] = [await withFile(), await withFile(), await withFile()]
    const boxes = [bare, unknown, deleted].map(({ id }) => cloche.recordOf(id).id)
    await cloche.restart({}, () => {
      const [one = '', two = '', three = ''] = boxes
      for (const name of [two, three]) rmSync(join(cloche.home, 'boxes', name), { recursive: true })
      truncateSync(join(cloche.home, 'boxes', one, 'record.json'))
      // Sandboxes of an earlier version have no copy of their record on their disk.
      for (const name of [one, two]) rmSync(join(cloche.disk, 'sandboxes', name, 'record.json'))
    })
    expect(await listed()).toEqual([])
    const found = await entries()
    const causes = found.map(({ cause, sandboxId }) => [cause, sandboxId])
    expect(causes.toSorted()).toEqual(
      [
        ['unreadable_record', null],
        ['missing_record', null],
        ['missing_record', deleted.id],
      ].toSorted(),
    )
    const idOf = (cause: string, owner: string | null) =>
      found.find((one) => one.cause === cause && one.sandboxId === owner)?.id ?? ''
    expect((await restore(idOf('unreadable_record', null), asOf(bare))).status).toBe(200)
    await expectFile(bare.id)
    expect((await restore(idOf('missing_record', null), asOf(unknown))).status).toBe(200)
    await expectFile(unknown.id)
    const last = idOf('missing_record', deleted.id)
    expect((await cloche.call('DELETE', `/quarantine/${last}`)).status).toBe(204)
    expect((await cloche.call('DELETE', `/quarantine/${last}`)).status).toBe(404)
    expect([await entries(), disks('quarantine')]).toEqual([[], []])
    await remove(bare, unknown)
  })

  it('can be set aside by the server, and comes back at every point where that was interrupted', async () => {
    const sandbox = await withFile()
    const name = cloche.recordOf(sandbox.id).id
    const aside = await cloche.call('POST', `/sandboxes/${sandbox.id}/quarantine`, {
      ...{ cause: 'unknown_to_database', reason: 'test' },
    })
    const { id } = quarantineEntry.parse(JSON.parse(aside.text))
    expect(await listed()).toEqual([])
    expect(await entries()).toMatchObject([{ id, cause: 'unknown_to_database', sandboxId: sandbox.id }])
    const at = (...path: string[]) => join(cloche.home, 'quarantine', id, ...path)
    const [record, disk] = [join(cloche.home, 'boxes', name), join(cloche.disk, 'sandboxes', name)]
    const note = (more: object) =>
      writeFileSync(
        at('note.json'),
        JSON.stringify({ ...JSON.parse(readFileSync(at('note.json'), 'utf8')), ...more }),
      )

    await cloche.restart({}, () => {
      // Killed before the record was moved.
      renameSync(at('record'), record)
      note({ from: name })
    })
    expect(await entries()).toMatchObject([{ id, sandboxId: sandbox.id }])
    await cloche.restart({}, () => {
      // Killed before anything was moved.
      renameSync(at('record'), record)
      renameSync(join(cloche.disk, 'quarantine', id), disk)
      note({ from: name })
    })
    expect(await entries()).toMatchObject([{ id, sandboxId: sandbox.id }])
    await cloche.restart({}, () => {
      // Killed in a restoration, between disk and record.
      renameSync(join(cloche.disk, 'quarantine', id), disk)
      note({ to: name })
    })
    expect(await entries()).toMatchObject([{ id, sandboxId: sandbox.id }])
    expect(await listed()).toEqual([])
    expect((await restore(id, asOf(sandbox))).status).toBe(200)
    await expectFile(sandbox.id)
    await remove(sandbox)
  })

  it('comes back with the volumes that the database names, or else with its own for its own tenant only', async () => {
    const [tenantId, volume] = [newId('tn'), newId('vl')]
    const volumes = [{ volume, path: '/data', readOnly: false }]
    await cloche.call('PUT', `/volumes/${volume}`, { tenantId, sizeMiB: 16 })
    const sandbox = await cloche.claim({ tenantId, volumes })
    await cloche.exec(sandbox.id, 'echo kept >/data/file')
    const again = async (over: object) => {
      const aside = await cloche.call('POST', `/sandboxes/${sandbox.id}/quarantine`, {
        ...{ cause: 'unknown_to_database', reason: 'test' },
      })
      const { id } = quarantineEntry.parse(JSON.parse(aside.text))
      const { status, text } = await restore(id, { ...asOf(sandbox), ...over })
      expect(status, text).toBe(200)
      return runtimeSandbox.parse(JSON.parse(text)).volumes
    }
    expect(await again({})).toEqual(volumes)
    expect(await again({ tenantId: newId('tn') })).toEqual([])
    expect(await again({ volumes })).toEqual(volumes)
    await cloche.call('POST', `/sandboxes/${sandbox.id}/start`)
    expect((await cloche.exec(sandbox.id, 'cat /data/file')).stdout).toBe('kept\n')
    await remove(sandbox)
    expect((await cloche.call('DELETE', `/volumes/${volume}`)).status).toBe(204)
  })

  it('comes back with its service and its stack for its own tenant only', async () => {
    const [tenantId, stack] = [newId('tn'), { id: newId('sk'), networks: ['default'], names: ['db'] }]
    const service = { wanted: false, user: 'user', restart: 'no', command: ['sleep', '99'] }
    const sandbox = await cloche.claim({ tenantId, stack, service })
    for (const [over, kept] of [
      [{}, true],
      [{ tenantId: newId('tn') }, false],
    ] as const) {
      const aside = await cloche.call('POST', `/sandboxes/${sandbox.id}/quarantine`, {
        ...{ cause: 'unknown_to_database', reason: 'test' },
      })
      const { id } = quarantineEntry.parse(JSON.parse(aside.text))
      const { status, text } = await restore(id, { ...asOf(sandbox), ...over })
      expect(status, text).toBe(200)
      expect(runtimeSandbox.parse(JSON.parse(text)).service?.state).toBe(kept ? 'waiting' : undefined)
      const record = z
        .object({ stack: z.unknown() })
        .parse(JSON.parse(readFileSync(recordFile(sandbox.id), 'utf8')))
      expect(record.stack).toEqual(kept ? stack : null)
    }
    await remove(sandbox)
  })

  it('is not mistaken for one of the pool when its record is older than its disk', async () => {
    const sandbox = await withFile()
    await cloche.restart({}, () => {
      const file = recordFile(sandbox.id)
      const stale = { sandboxId: null, tenantId: null, init: null }
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...stale }))
    })
    const [entry] = await entries()
    expect(entry).toMatchObject({ cause: 'outdated_record' })
    expect((await restore(entry?.id ?? '', asOf(sandbox))).status).toBe(200)
    await expectFile(sandbox.id)
    await remove(sandbox)
  })

  it('neither loses a disk nor leaves one behind, wherever in a creation or a removal the runtime is killed', async () => {
    const safe = await withFile()
    let interrupted = 0
    for (let delayMs = 0; delayMs < 48; delayMs += 6) {
      const [fresh, going] = [newId('sb'), await withFile()]
      const creation = cloche.call('PUT', `/sandboxes/${fresh}`, claimOf()).catch(() => undefined)
      const removal = cloche.call('DELETE', `/sandboxes/${going.id}`).catch(() => undefined)
      await sleep(delayMs)
      await cloche.restart()
      const [created, removed] = [await creation, await removal]
      if (created === undefined || removed === undefined) interrupted++
      const ids = (await listed()).map(({ id }) => id)
      if (created?.status === 201) expect(ids).toContain(fresh)
      if (removed?.status === 204) expect(ids).not.toContain(going.id)
      // What was interrupted is there as a whole, or not at all.
      if (ids.includes(going.id)) await expectFile(going.id)
      if (ids.includes(fresh)) expect((await cloche.exec(fresh, 'echo here')).stdout).toBe('here\n')
      await remove({ id: fresh }, going)
      expect([await entries(), disks('sandboxes').length, disks('runs')]).toEqual([[], 1, []])
    }
    expect(interrupted).toBeGreaterThan(0)
    await expectFile(safe.id)
    await remove(safe)
    expect(existsSync(join(cloche.home, 'boxes'))).toBe(true)
    expect(readdirSync(join(cloche.home, 'boxes'))).toEqual([])
  })

  it('starts with a pools.json and a template that cannot be read, keeps both files and says so', async () => {
    const template = join(cloche.disk, 'templates/other.json')
    await cloche.restart({}, () => {
      writeFileSync(join(cloche.home, 'pools.json'), '{"schedules": 1')
      writeFileSync(join(cloche.home, 'installation.json'), '')
      writeFileSync(template, '{"name": "other"')
    })
    const { problems, installation } = await describeNode()
    expect(installation).toBeNull()
    expect(problems.toSorted()).toEqual([
      expect.stringMatching(
        /^installation.json cannot be read and was kept as installation.json.unreadable-/,
      ),
      expect.stringMatching(/^pools.json cannot be read and was kept as pools.json.unreadable-/),
      expect.stringMatching(/^the template file other.json cannot be read/),
    ])
    const kept = readdirSync(cloche.home).find((name) => name.startsWith('pools.json.unreadable-')) ?? ''
    expect(readFileSync(join(cloche.home, kept), 'utf8')).toBe('{"schedules": 1')
    expect(readFileSync(template, 'utf8')).toBe('{"name": "other"')
    rmSync(template)
  })
})
