import { z } from 'zod'
import type { Snapshot as SnapshotRow } from '../../prisma/generated/client.js'
import {
  type ChangeSnapshot,
  type CreateSnapshot,
  type DiskChanges,
  diskChanges,
  type ForkSandbox,
  newId,
  type RestoredSandbox,
  type RestoreSnapshot,
  type SandboxWithUsage,
  type Snapshot,
  stopSandbox,
} from '../../protocol/api/index.js'
import { type NodeSnapshot, nodeSnapshot, nodeSnapshots } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMayRelease, ownerOfCopy, staysWithin } from '../auth/copies.js'
import { type Action, assertMay, ofTenant, ownOfKeys } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { assertTemplateWithin } from '../auth/within-limits.js'
import type { Database } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, notFound } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Row as SandboxRow } from '../sandboxes/ownership.js'
import type { SandboxService } from '../sandboxes/service.js'
import { Forks } from './forks.js'
import { present, rename, reserve } from './rows.js'

const mib = 1024 ** 2
const nothing = z.unknown()
/** Of these the node has done nothing. Of anything else nobody knows, and `reconcile.ts` looks what is there. */
const refusals: ReadonlySet<string> = new Set(['conflict', 'not_found', 'quota_exceeded', 'disk_full'])

/** Snapshots of a tenant's sandboxes, and what is made from them. */
export class SnapshotService {
  readonly #forks: Forks

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly sandboxes: SandboxService,
  ) {
    this.#forks = new Forks(database, sandboxes)
  }

  /**
   * Takes a snapshot. What runs in the sandbox stands still meanwhile.
   * @param schedule that wants it, and removes it again
   * @throws ApiError `quota_exceeded`; `conflict` when the name is taken
   */
  async create(
    who: Principal,
    sandboxId: string,
    { name }: CreateSnapshot,
    schedule?: { readonly id: string; readonly name: string },
  ): Promise<Snapshot> {
    const row = await this.sandboxes.row(who, 'snapshot.create', sandboxId)
    const named = schedule === undefined ? name : nameOf(schedule)
    const taken = await this.#take(who, row, named, undefined, schedule?.id)
    await audit(this.database.prisma, who, 'snapshot.create', sandboxId, {
      name: taken.name,
      snapshot: taken.id,
    })
    return taken
  }

  /** Newest first. @param cursor id of the last one of the page before */
  async list(
    who: Principal,
    { limit, cursor, sandbox }: { limit: number; cursor?: string | undefined; sandbox?: string | undefined },
  ) {
    assertMay(who, 'snapshot.read')
    const { prisma } = this.database
    await requireCursor(cursor, (id) => prisma.snapshot.count({ where: { ...ownOfKeys(who), id } }))
    const rows = await prisma.snapshot.findMany({
      where: {
        ...ownOfKeys(who),
        ready: true,
        ...(sandbox === undefined ? {} : { sandboxId: sandbox }),
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    })
    const shown = rows.slice(0, limit)
    const exclusive = await this.#exclusive(new Set(shown.map(({ nodeId }) => nodeId)))
    const items = shown.map((row) => present(row, exclusive.get(row.id) ?? null))
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<Snapshot> {
    const row = await this.#row(who, id, 'snapshot.read')
    return present(row, (await this.#exclusive(new Set([row.nodeId]))).get(id) ?? null)
  }

  /** Files of a snapshot, with those of its template, as tar. Destroying the answer ends the call. */
  async pack(who: Principal, id: string, query: { path: string }): Promise<ByteStream> {
    const row = await this.#row(who, id, 'snapshot.read')
    return (await this.nodes.reach(row.nodeId)).stream('GET', `/snapshots/${id}/archive`, query)
  }

  /** Gives it another name, or makes a copy of a student's work the tenant's. @throws ApiError `conflict` when the name is taken */
  async change(who: Principal, id: string, { name, copyOf }: ChangeSnapshot): Promise<Snapshot> {
    const row = await this.#row(who, id, 'snapshot.change')
    const before = row.name
    const isPublished = copyOf === null
    if (isPublished) assertMayRelease(who, row.ownerId)
    if (name !== undefined || isPublished) {
      await rename(this.database, row, { name: name ?? before, publish: isPublished })
    }
    const { prisma } = this.database
    if (name !== undefined && name !== before) {
      await audit(prisma, who, 'snapshot.rename', id, { name, before })
    }
    if (isPublished) await audit(prisma, who, 'snapshot.publish', id, { name: name ?? before })
    return this.get(who, id)
  }

  /** Deletes one, for good; what was made from it stays. Should its node be away, it hears it later (`reconcile.ts`). */
  async remove(who: Principal, id: string): Promise<void> {
    const row = await this.#row(who, id, 'snapshot.delete')
    await this.#forget(id, row.nodeId)
    await audit(this.database.prisma, who, 'snapshot.delete', id, { name: row.name })
  }

  /** The same for one that a schedule took, unless somebody has renamed it meanwhile, and so keeps it. */
  async removeScheduled(who: Principal, id: string, scheduleId: string): Promise<void> {
    const row = await this.#row(who, id, 'snapshot.delete')
    if (!(await this.#forget(id, row.nodeId, { scheduleId }))) return
    await audit(this.database.prisma, who, 'snapshot.delete', id, { name: row.name })
  }

  /**
   * Brings a sandbox's disk back to a snapshot, and takes one of the disk as it is first. A sandbox that runs is stopped
   * for it, and runs again afterwards.
   * @throws ApiError `not_found`; `conflict` when the snapshot is on another node; `quota_exceeded`
   */
  async restore(who: Principal, id: string, { snapshot, name }: RestoreSnapshot): Promise<RestoredSandbox> {
    const row = await this.sandboxes.row(who, 'snapshot.restore', id)
    const to = await this.#row(who, snapshot, 'snapshot.restore')
    assertTemplateWithin(who, to.template)
    if (to.nodeId !== row.nodeId) {
      throw new ApiError('conflict', 'the snapshot is on another node: create a new sandbox from it instead')
    }
    if (!staysWithin(to.ownerId, row.ownerId)) {
      throw new ApiError(
        'conflict',
        'the snapshot is the work of a student, and others see this sandbox: create a new sandbox from it instead',
      )
    }
    if (who.role === 'student') await this.sandboxes.freezer.assertThawed(row)
    return this.#rollBack(who, row, to, name)
  }

  /**
   * The same with what its template has, and nothing else.
   * @param named what it is brought back to, for the log
   */
  async reset(who: Principal, id: string, named: string, name: string): Promise<RestoredSandbox> {
    const row = await this.sandboxes.row(who, 'snapshot.restore', id)
    return this.#rollBack(who, row, { id: null, name: named }, name)
  }

  async #rollBack(
    who: Principal,
    row: SandboxRow,
    to: { id: null; name: string } | SnapshotRow,
    name?: string,
  ): Promise<RestoredSandbox> {
    const { id } = row
    const ran = ['running', 'paused'].includes((await this.sandboxes.get(who, id)).state)
    if (ran) await this.sandboxes.stop(who, id, stopSandbox.parse({}))
    const before = await this.#take(who, row, name ?? nameOf(row, 'before restore'), (node, keepAs) =>
      node.ask(
        'POST',
        `/sandboxes/${id}/rollback`,
        nodeSnapshot,
        {},
        { snapshot: to.id ?? undefined, keepAs },
      ),
    ).catch(async (error: unknown) => {
      // Nothing was changed, so it runs as before; why it was refused says more than why it does not start.
      if (ran) await this.sandboxes.act(who, id, 'start').catch(() => {})
      throw error
    })
    const made = to.id === null ? {} : { template: to.template, templateId: to.templateId }
    await this.database.prisma.sandbox.update({ where: { id }, data: { snapshotId: to.id, ...made } })
    const detail = { ...(to.id === null ? {} : { snapshot: to.id }), name: to.name, before: before.id }
    const action = to.id === null ? 'sandbox.reset' : 'sandbox.restore'
    await audit(this.database.prisma, who, action, id, detail)
    const sandbox = ran ? await this.sandboxes.act(who, id, 'start') : await this.sandboxes.get(who, id)
    return { sandbox, before }
  }

  /**
   * Makes sandboxes that begin with the disk of another one as it is at this moment: all of them, or none.
   * @throws ApiError as `create`, and as creating a sandbox
   */
  async fork(who: Principal, id: string, wanted: ForkSandbox): Promise<SandboxWithUsage[]> {
    assertMay(who, 'sandbox.create')
    const row = await this.sandboxes.row(who, 'snapshot.create', id)
    const ownerId = ownerOfCopy(who, row.ownerId)
    const source = await this.#take(who, { ...row, ownerId }, nameOf(row, 'for a fork'))
    try {
      return await this.#forks.make(who, row, source.id, wanted)
    } finally {
      if (row.nodeId !== null) await this.#forget(source.id, row.nodeId)
    }
  }

  /** What differs from the template. @param limit how many paths at most */
  async changes(who: Principal, id: string, limit: number): Promise<DiskChanges> {
    const node = await this.sandboxes.authorize(who, 'file.read', id)
    return node.ask('GET', `/sandboxes/${id}/changes?limit=${limit}`, diskChanges)
  }

  async #take(
    who: Principal,
    sandbox: SandboxRow,
    wanted?: string,
    take = (node: RuntimeClient, id: string): Promise<NodeSnapshot> =>
      node.ask('PUT', `/sandboxes/${sandbox.id}/snapshots/${id}`, nodeSnapshot),
    scheduleId?: string,
  ): Promise<Snapshot> {
    const id = newId('sn')
    const node = await this.nodes.reach(sandbox.nodeId)
    const { limits, usage } = await this.sandboxes.get(who, sandbox.id)
    const sizeBytes = usage?.diskBytes ?? limits.diskMiB * mib
    const name = wanted ?? nameOf(sandbox)
    await reserve(this.database, who, { id, name, sandbox, sizeBytes, scheduleId: scheduleId ?? null })
    try {
      const made = await take(node, id)
      const row = await this.database.prisma.snapshot.update({
        where: { id },
        data: { ready: true, sizeBytes: made.sizeBytes },
      })
      return present(row, made.exclusiveBytes)
    } catch (error) {
      const refused = error instanceof ApiError && refusals.has(error.code)
      if (refused && sandbox.nodeId !== null) await this.#forget(id, sandbox.nodeId)
      throw error
    }
  }

  /** @param condition under which it goes. @returns whether it was there */
  async #forget(id: string, nodeId: string, condition: { scheduleId?: string } = {}): Promise<boolean> {
    const { count } = await this.database.prisma.snapshot.deleteMany({ where: { id, ...condition } })
    if (count === 0) return false
    const { runtime, state } = await this.nodes.of(nodeId)
    if (state !== 'unreachable') await runtime.ask('DELETE', `/snapshots/${id}`, nothing).catch(() => {})
    return true
  }

  async #row(who: Principal, id: string, wanted: Action) {
    assertMay(who, wanted)
    const row = ofTenant(who, await this.database.prisma.snapshot.findUnique({ where: { id } }), 'snapshot')
    if (!row.ready) throw notFound('snapshot')
    return row
  }

  /** What each snapshot of these nodes holds alone. One that does not answer says nothing. */
  async #exclusive(nodes: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
    const ask = async (id: string) => {
      const { snapshots } = await (await this.nodes.reach(id)).ask('GET', '/snapshots', nodeSnapshots)
      return snapshots.map((one) => [one.id, one.exclusiveBytes] as const)
    }
    const told = await Promise.all([...nodes].map((id) => ask(id).catch(() => [])))
    return new Map(told.flat())
  }
}

/** A name that no other snapshot has. */
const nameOf = ({ name }: Pick<SandboxRow, 'name'>, why = 'at') =>
  `${name.slice(0, 20)} ${why} ${new Date().toISOString().slice(0, 16)}Z ${newId('sn').slice(-4)}`
