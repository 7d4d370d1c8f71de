import { createServer } from 'node:http'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, nodeTemplateName } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { type Database, openDatabase } from '../database/client.js'
import { RuntimeClient } from '../runtime-client/client.js'
import { reconcileSnapshots } from '../snapshots/reconcile.js'
import { reconcileTemplates } from '../templates/reconcile.js'
import { reconcileVolumes } from '../volumes/reconcile.js'
import { Orphans } from './orphans.js'

const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('a sandbox on a node that has no row', () => {
  let instance: Instance
  let operator: TestClient
  let runtime: RuntimeClient
  let database: Database
  let orphans: Orphans

  beforeAll(async () => {
    instance = await openInstance('orp')
    operator = TestClient.withKey(instance.url, instance.admin.apiKey)
    runtime = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = openDatabase(`postgresql://cloche@localhost/cloche?host=${host}`)
    const nodeId = (await database.prisma.node.findFirstOrThrow()).id
    orphans = new Orphans(database, nodeId, runtime, pino({ level: 'silent' }))
  }, 300_000)
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    runtime[Symbol.dispose]()
    await instance[Symbol.asyncDispose]()
  })

  /** As a server leaves one that is killed between the claim and the row. */
  const claim = async () => {
    const id = newId('sb')
    const quota = { cpus: 8, memoryMiB: 8192, diskMiB: 40_960, pids: 4096, sandboxes: 20 }
    await runtime.claim(id, {
      ...{ tenantId: newId('tn'), template: 'base', limits, quota, network: 'none' },
      ...{ isolation: 'standard', env: {}, hostname: 'left' },
    })
    return id
  }
  const listed = async (id: string) => (await runtime.list()).find((one) => one.id === id)
  const pass = async (id: string, unconfirmedMs: number) => {
    const one = await listed(id)
    if (one === undefined) throw new Error('it is not on the node')
    const nothing = { deleted: new Set<string>(), elsewhere: new Set<string>() }
    await orphans.clear([{ ...one, unconfirmedMs }], nothing, 1, true)
  }
  const disowned = (id: string) => database.prisma.disownedSandbox.findUnique({ where: { id } })
  const inQuarantine = async () =>
    (await operator.call('GET', '/api/v1/admin/quarantine')).body.entries.map(
      (one: { sandboxId: string }) => one.sandboxId,
    )

  it('is left alone while its creation may be under way, and destroyed when it never ended', async () => {
    const id = await claim()
    expect((await listed(id))?.unconfirmedMs).toBeGreaterThanOrEqual(0)
    await pass(id, 59_000)
    expect(await listed(id)).toBeDefined()
    expect(await disowned(id)).toBeNull()
    await pass(id, 61_000)
    expect(await listed(id)).toBeUndefined()
    expect(await disowned(id)).toMatchObject({ reason: 'unfinished' })
    expect(await inQuarantine()).toEqual([])
  })

  it('is not destroyed when its row comes just before, however late', async () => {
    const { body } = await operator.call('POST', '/api/v1/sandboxes', { limits })
    await pass(body.id, 61_000)
    expect(await listed(body.id)).toMatchObject({ state: 'running' })
    // A server that compares rows and sandboxes says that it is somebody's.
    await expect.poll(async () => (await listed(body.id))?.unconfirmedMs, { timeout: 60_000 }).toBeNull()
  })

  it('is one of many kinds: of volumes, snapshots and templates that were deleted few go in one pass as well', async () => {
    const removed: string[] = []
    const tenantId = newId('tn')
    const at = new Date().toISOString()
    const many = <K extends 'vl' | 'sn' | 'tp'>(kind: K) => Array.from({ length: 40 }, () => newId(kind))
    const [volumes, snapshots, templates] = [many('vl'), many('sn'), many('tp')]
    const bytes = { sizeBytes: 1, usedBytes: 1, exclusiveBytes: 1 }
    const more = {
      tenantId,
      sandboxId: newId('sb'),
      template: 'base',
      isolation: 'standard',
      limits,
      createdAt: at,
    }
    const lists: Record<string, object> = {
      '/volumes': { volumes: volumes.map((id) => ({ id, tenantId, sizeMiB: 1, ...bytes })) },
      '/snapshots': { snapshots: snapshots.map((id) => ({ id, ...more, ...bytes })) },
      '/templates/unlisted': { names: templates.map(nodeTemplateName) },
    }
    const app = createServer(({ method, url = '' }, answer) => {
      if (method === 'DELETE') removed.push(url.split('/')[1] ?? '')
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify(lists[url] ?? {}))
    })
    const socketPath = `/tmp/${newId('pass')}.sock`
    await new Promise<void>((resolve) => app.listen(socketPath, resolve))
    using fake = new RuntimeClient({ socketPath })
    const node = {
      id: newId('nd'),
      runtime: fake,
      pairing: { status: { state: 'paired' as const, database: null, node: null, problem: null } },
    }
    const log = pino({ level: 'silent' })
    const { prisma } = database
    await prisma.deletedVolume.createMany({ data: volumes.map((id) => ({ id })) })
    await prisma.deletedSnapshot.createMany({ data: snapshots.map((id) => ({ id })) })
    await prisma.deletedTemplate.createMany({ data: templates.map((id) => ({ id })) })
    for (const act of [reconcileVolumes, reconcileSnapshots, reconcileTemplates])
      await act(database, node, log)
    app.close()
    expect(removed).toEqual(['volumes', 'volumes', 'snapshots', 'snapshots', 'templates', 'templates'])
  })

  it('goes to quarantine when somebody may have been told of it', async () => {
    const id = await claim()
    await runtime.confirm([id])
    await expect.poll(inQuarantine, { timeout: 60_000 }).toEqual([id])
    expect(await disowned(id)).toMatchObject({ reason: 'unknown' })
  })
})
