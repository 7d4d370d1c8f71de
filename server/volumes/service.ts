import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { Volume as Row } from '../../prisma/generated/client.js'
import {
  type ChangeVolume,
  type CreateVolume,
  type CreateVolumeSnapshot,
  newId,
  plainPath,
  quota,
  type SearchQuery,
  type Volume,
  type VolumeSnapshot,
} from '../../protocol/api/index.js'
import { type NodeVolume, nodeVolume, nodeVolumes, searchedVolume } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { type Action, assertMay, ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, notFound } from '../errors.js'
import { searchCommand, searchEvents } from '../files/search.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { change, forget, present, presentSnapshot, reserve, usersOf } from './rows.js'

const mib = 1024 ** 2
const mount = new RegExp(`${searchedVolume}(?=/)`)
const withoutMount = (text: string) => text.replace(mount, '')
const defaultSizeMiB = 1024
const nothing = z.unknown()
/** Of these the node has done nothing. Of anything else nobody knows, and `reconcile.ts` looks what is there. */
const refusals: ReadonlySet<string> = new Set(['conflict', 'not_found', 'quota_exceeded', 'disk_full'])

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Volumes of tenants, and snapshots of volumes. */
export class VolumeService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
  ) {}

  /** Makes one. @param at id of the node, when it is to be on one. @throws ApiError `quota_exceeded`; `conflict` when the name is taken; `not_found` for the snapshot */
  async create(who: Principal, { name, sizeMiB, from }: CreateVolume, at?: string): Promise<Volume> {
    assertMay(who, 'volume.create')
    const source = from === undefined ? undefined : await this.#row(who, from, 'volume.create', 'snapshot')
    const id = newId('vl')
    const size = sizeMiB ?? Math.max(source?.sizeMiB ?? 0, defaultSizeMiB)
    const nodeId = source?.nodeId ?? at ?? (await this.#place(who, size))
    const row = { id, name, nodeId, sizeMiB: size, ofId: null, ofName: null }
    const made = await this.#make(who, row, source?.id)
    const detail = { name, sizeMiB: size, ...(source === undefined ? {} : { from: source.name }) }
    await audit(this.database.prisma, who, 'volume.create', id, detail)
    return present(made.row, made.there, [])
  }

  /**
   * The volume of this name, which is made where there is none yet. One that another server was making is finished.
   * @throws ApiError as `create`; `conflict` when it is on another node
   */
  async ensure(who: Principal, wanted: CreateVolume, nodeId: string): Promise<{ readonly id: string }> {
    assertMay(who, 'volume.create')
    const { tenantId } = who
    const row = await this.database.prisma.volume.findFirst({
      where: { tenantId, name: wanted.name, ofId: null },
    })
    if (row === null) return this.create(who, wanted, nodeId)
    if (row.nodeId !== nodeId) throw new ApiError('conflict', `the volume ${row.name} is on another node`)
    if (row.ready) return row
    const node = await this.nodes.reach(nodeId)
    const { id, sizeMiB } = row
    await node.ask('PUT', `/volumes/${id}`, nodeVolume, {}, { tenantId, sizeMiB })
    await this.database.prisma.volume.updateMany({ where: { id }, data: { ready: true } })
    return row
  }

  /** Newest first. @param cursor id of the last one of the page before */
  async list(who: Principal, page: Page) {
    assertMay(who, 'volume.read')
    const { rows, nextCursor } = await this.#page(who, page, { ofId: null })
    const [there, users] = await Promise.all([
      this.#there(rows),
      usersOf(
        this.database.pool,
        who,
        rows.map(({ id }) => id),
      ),
    ])
    return { items: rows.map((row) => present(row, there.get(row.id), users.get(row.id) ?? [])), nextCursor }
  }

  async get(who: Principal, id: string): Promise<Volume> {
    return this.#present(who, await this.#row(who, id, 'volume.read'))
  }

  /** Gives it another name or size. @throws ApiError `conflict` when the name is taken; `quota_exceeded`, also when it holds more */
  async change(who: Principal, id: string, wanted: ChangeVolume): Promise<Volume> {
    const row = await this.#row(who, id, 'volume.change')
    const before = await change(this.database, row, wanted, async (to) => {
      const node = await this.nodes.reach(row.nodeId)
      await node.ask('PATCH', `/volumes/${id}`, nodeVolume, {}, { sizeMiB: to })
    })
    const { sizeMiB = before.sizeMiB, name = before.name } = wanted
    if (name !== before.name || sizeMiB !== before.sizeMiB) {
      await audit(this.database.prisma, who, 'volume.change', id, {
        ...{ name, sizeMiB, nameBefore: before.name, sizeMiBBefore: before.sizeMiB },
      })
    }
    return this.get(who, id)
  }

  /**
   * Deletes one, for good; snapshots of it stay. Should its node be away, it hears it later (`reconcile.ts`).
   * @throws ApiError `conflict` while a sandbox has it
   */
  async remove(who: Principal, id: string): Promise<void> {
    const row = await this.#row(who, id, 'volume.delete')
    await this.#forget(who, row)
    await audit(this.database.prisma, who, 'volume.delete', id, { name: row.name })
  }

  /** Takes a snapshot of a volume, as it is at this moment. @throws ApiError `quota_exceeded` */
  async snapshot(who: Principal, id: string, { name }: CreateVolumeSnapshot): Promise<VolumeSnapshot> {
    const of = await this.#row(who, id, 'volume.snapshot')
    const held = (await this.#there([of])).get(id)?.usedBytes ?? of.sizeMiB * mib
    const row = {
      ...{ id: newId('vs'), nodeId: of.nodeId, ofId: of.id, ofName: of.name },
      name: name ?? `${of.name.slice(0, 36)} ${new Date().toISOString().slice(0, 16)}Z`,
      sizeMiB: Math.ceil(held / mib),
    }
    const made = await this.#make(who, row, id)
    await audit(this.database.prisma, who, 'volume.snapshot', id, { name: of.name, snapshot: row.name })
    return presentSnapshot(made.row, made.there)
  }

  /** Newest first. @param volume only of this one */
  async listSnapshots(who: Principal, { volume, ...page }: Page & { volume?: string | undefined }) {
    assertMay(who, 'volume.read')
    const { rows, nextCursor } = await this.#page(who, page, { ofId: volume ?? { not: null } })
    const there = await this.#there(rows)
    return { items: rows.map((row) => presentSnapshot(row, there.get(row.id))), nextCursor }
  }

  /** Deletes a snapshot, for good. Volumes that were made from it stay. */
  async removeSnapshot(who: Principal, id: string): Promise<void> {
    const row = await this.#row(who, id, 'volume.delete', 'snapshot')
    await this.#forget(who, row)
    await audit(this.database.prisma, who, 'volume.delete_snapshot', row.ofId ?? id, {
      ...{ name: row.ofName ?? '', snapshot: row.name },
    })
  }

  /**
   * Lines of its files that contain something, as events while they are found.
   * @param aborted ends the search
   */
  async search(who: Principal, id: string, wanted: SearchQuery, aborted: AbortSignal): Promise<Readable> {
    const node = await this.authorize(who, 'volume.read_files', id)
    const { tenantId } = who
    const row = await this.database.prisma.tenant.findUniqueOrThrow({ where: { id: tenantId } })
    // Nothing leads out of the volume: to what is there of the sandbox that searches.
    const path = `${searchedVolume}${posix.normalize(`/${plainPath(wanted.path)}`)}`
    const exec = { ...searchCommand({ ...wanted, path }), user: 'root' as const }
    const found = await node.searchVolume(id, { exec, tenantId, quota: quota.parse(row.quota) }, aborted)
    return searchEvents(found, wanted.limit, withoutMount)
  }

  /** For what reads and writes its files. @returns the node that it is on */
  async authorize(who: Principal, action: Action, id: string): Promise<RuntimeClient> {
    return this.nodes.reach((await this.#row(who, id, action)).nodeId)
  }

  async #make(who: Principal, row: Parameters<typeof reserve>[2], from?: string) {
    const { id, nodeId, ofId } = row
    const node = await this.nodes.reach(nodeId)
    await reserve(this.database, who, row)
    try {
      const there = await node.ask(
        'PUT',
        `/volumes/${id}`,
        nodeVolume,
        {},
        {
          ...{ tenantId: who.tenantId, sizeMiB: ofId === null ? row.sizeMiB : null, from },
        },
      )
      // A snapshot holds what it holds, and not what was expected.
      const sizeMiB = ofId === null ? row.sizeMiB : Math.ceil(there.usedBytes / mib)
      const made = await this.database.prisma.volume.update({ where: { id }, data: { ready: true, sizeMiB } })
      return { row: made, there }
    } catch (error) {
      if (error instanceof ApiError && refusals.has(error.code)) {
        await this.database.prisma.volume.deleteMany({ where: { id } })
      }
      throw error
    }
  }

  async #forget(who: Principal, row: Row): Promise<void> {
    await forget(this.database, who, row)
    const { runtime, state } = await this.nodes.of(row.nodeId)
    if (state !== 'unreachable') await runtime.ask('DELETE', `/volumes/${row.id}`, nothing).catch(() => {})
  }

  /** Where a sandbox of the tenant would be made. */
  async #place({ tenantId }: Principal, diskMiB: number): Promise<string> {
    const like = { template: 'base', isolation: 'standard', purpose: 'sandbox', memoryMiB: 0 } as const
    return (await this.placer.place(tenantId, { ...like, diskMiB })).id
  }

  async #page({ tenantId }: Principal, { limit, cursor }: Page, of: { ofId: string | null | { not: null } }) {
    const { volume } = this.database.prisma
    await requireCursor(cursor, (id) => volume.count({ where: { id, tenantId } }))
    const rows = await volume.findMany({
      where: { tenantId, ready: true, ...of },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    })
    const shown = rows.slice(0, limit)
    return { rows: shown, nextCursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
  }

  async #present(who: Principal, row: Row): Promise<Volume> {
    const users = await usersOf(this.database.pool, who, [row.id])
    return present(row, (await this.#there([row])).get(row.id), users.get(row.id) ?? [])
  }

  async #row(
    who: Principal,
    id: string,
    wanted: Action,
    kind: 'volume' | 'snapshot' = 'volume',
  ): Promise<Row> {
    assertMay(who, wanted)
    const row = ofTenant(who, await this.database.prisma.volume.findUnique({ where: { id } }), kind)
    if (!row.ready || (row.ofId === null) !== (kind === 'volume')) throw notFound(kind)
    return row
  }

  /** As their nodes have them. One that does not answer says nothing. */
  async #there(rows: readonly Row[]): Promise<ReadonlyMap<string, NodeVolume>> {
    const ask = async (id: string) =>
      (await (await this.nodes.reach(id)).ask('GET', '/volumes', nodeVolumes)).volumes
    const nodes = new Set(rows.map(({ nodeId }) => nodeId))
    const told = await Promise.all([...nodes].map((id) => ask(id).catch(() => [])))
    return new Map(told.flat().map((one) => [one.id, one]))
  }
}
