import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DiskChanges, newId, type OrphanDisk, snapshotId } from '../../protocol/api/index.js'
import type { NodeSnapshot, RestoreDiskRequest, RollbackRequest } from '../../protocol/node/index.js'
import { notFound, RuntimeRefusal } from '../errors.js'
import type { FilesRoot } from '../files/root.js'
import { OrphanDisks } from '../rootfs/orphan-disks.js'
import { mountSnapshot } from '../rootfs/rootfs.js'
import { snapshotVolume } from '../rootfs/snapshot.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { destroyVolume, destroyVolumeWaiting, qgroupOf, volumeId } from '../rootfs/volume.js'
import { mountedFiles } from '../sandbox/files.js'
import { type NodeContext, volumeOf } from '../sandbox/node.js'
import { readRecord, type SandboxRecord } from '../sandbox/record.js'
import { rollback, unfinishedRollback } from '../sandbox/rollback.js'
import type { Sandboxes } from '../sandbox/service.js'
import { changesOf } from './changes.js'
import { freshRecord, recordVersion, type SnapshotRecord, snapshotRecords } from './record.js'

/**
 * Snapshots of the disks of sandboxes: read-only subvolumes in `snapshots/` of the sandboxes' disk, and a record of each
 * in `<home>/snapshots/`. The record is written before the disk is there and removed after it is gone, so one without a disk
 * is of nothing, or of a disk that is away. A disk without a record is left as it is.
 */
export class Snapshots {
  readonly #records: ReturnType<typeof snapshotRecords>
  readonly #known: Map<string, SnapshotRecord>
  readonly #orphans: OrphanDisks

  constructor(
    private readonly node: NodeContext,
    private readonly sandboxes: Pick<Sandboxes, 'atRest' | 'get' | 'replaceDisk'>,
    home: string,
  ) {
    this.#records = snapshotRecords(join(home, 'snapshots'))
    this.#orphans = new OrphanDisks(node, 'snapshots')
    const found = this.#records.readAll((file, error) => {
      node.log.error({ err: error, file }, 'the record of a snapshot cannot be read')
      const id = file.replace(/\.json$/, '')
      if (!snapshotId.safeParse(id).success) {
        node.problems.add(`${file} among the records of snapshots is none, and was left as it is`)
      } else this.#orphans.add(id, { path: this.#records.file(id), version: recordVersion })
    })
    this.#known = new Map([...found].filter(([id]) => this.#isWhole(id)))
    this.#sweep()
  }

  list(): NodeSnapshot[] {
    // One whose disk somebody took away by hand is no reason to show nothing.
    const there = [...this.#known.values()].filter(({ id }) => existsSync(this.#path(id)))
    return there.map((record) => this.#describe(record))
  }

  /** What is written down of all of them. */
  records(): Iterable<SnapshotRecord> {
    return this.#known.values()
  }

  /** @throws RuntimeRefusal `not_found` */
  find(id: string): SnapshotRecord {
    const record = this.#known.get(id)
    if (record === undefined) throw notFound('snapshot', id)
    return record
  }

  /**
   * Takes a snapshot of a sandbox's disk. What runs in it stands still meanwhile.
   * @throws RuntimeRefusal `not_found`, `disk_full`; `conflict` when another sandbox's snapshot has the id
   */
  take(id: string, sandboxId: string): Promise<{ snapshot: NodeSnapshot; created: boolean }> {
    return this.sandboxes.atRest(sandboxId, async (sandbox) => this.#take(id, sandbox))
  }

  /**
   * Puts the disk of a stopped sandbox back to a snapshot, or to its template. As it is, it becomes a snapshot first.
   * @throws RuntimeRefusal `not_found`; `conflict` when the snapshot is another tenant's; `sandbox_running`
   */
  rollBack(sandboxId: string, { snapshot, keepAs }: RollbackRequest): Promise<NodeSnapshot> {
    return this.sandboxes.replaceDisk(sandboxId, async (sandbox, keep) => {
      const to = snapshot === undefined ? { ...sandbox, path: undefined } : this.#source(snapshot, sandbox)
      const { snapshot: before } = await this.#take(keepAs, sandbox)
      await rollback(this.node, sandbox, to, keep)
      return before
    })
  }

  /** @throws RuntimeRefusal `not_found`; `conflict` when it does not fit on the disk of the sandbox */
  #source(snapshot: string, sandbox: SandboxRecord) {
    const to = this.find(snapshot)
    if (to.tenantId !== sandbox.tenantId) throw notFound('snapshot', snapshot)
    assertRoom(this.sizeOf(snapshot), sandbox)
    return { ...to, path: this.#path(snapshot) }
  }

  /** What a sandbox's disk has that its template has not. @throws RuntimeRefusal `not_found` */
  changes(sandboxId: string, limit: number): Promise<DiskChanges> {
    return changesOf(this.node, this.sandboxes.get(sandboxId), limit)
  }

  /** What it holds together with its template, to be read. @throws RuntimeRefusal `not_found` */
  async files(id: string): Promise<FilesRoot> {
    const { layers } = this.find(id)
    const below = layers.map((layer) => join(this.node.disk, 'layers', layer))
    const at = join(this.node.scratch, id)
    const rootfs = await this.node.roots.use(at, () => mountSnapshot(at, below, this.#path(id)))
    return mountedFiles(this.node, id, rootfs, 0)
  }

  /** Deletes one, for good. What was made from it keeps what it has. One that is gone already is no error. */
  async remove(id: string): Promise<void> {
    const record = this.#known.get(id)
    if (record === undefined) return
    // Nothing is made from it any more.
    this.#known.delete(id)
    try {
      if (existsSync(this.#path(id))) await destroyVolumeWaiting(this.#path(id))
    } catch (error) {
      this.#known.set(id, record)
      throw error
    }
    this.#records.remove(id)
  }

  /** Those whose record is missing or cannot be read. */
  orphans(): OrphanDisk[] {
    return this.#orphans.list((id) => {
      const { tenantId = null, template = null, createdAt = null } = this.#copyOf(id) ?? {}
      return { tenantId, template, createdAt }
    })
  }

  /**
   * Gives a snapshot a record that can be read, for the tenant that is named. What was lost of the old one, the record of its sandbox
   * tells, of which there is a copy on the disk, or else `as`.
   * @throws RuntimeRefusal `not_found`; `conflict` with what is missing
   */
  async restore(
    id: string,
    as: RestoreDiskRequest,
    templates: ReadonlyMap<string, LocalTemplate>,
  ): Promise<NodeSnapshot> {
    const known = this.#known.get(id)
    if (known === undefined) this.#orphans.assertKnown(id)
    if (!existsSync(this.#path(id))) {
      throw new RuntimeRefusal('conflict', `${id} has no disk that could be restored`)
    }
    const record = { ...(known ?? this.#recordOf(id, as, templates)), tenantId: as.tenantId }
    const missing = record.layers.filter((layer) => !existsSync(join(this.node.disk, 'layers', layer)))
    if (missing.length > 0) {
      throw new RuntimeRefusal('conflict', `this node lacks layers of the disk: ${missing.join(', ')}`)
    }
    this.#records.write(record)
    await this.#records.sync(id)
    this.#known.set(id, record)
    this.#orphans.settle(id)
    return this.#describe(record)
  }

  /** Deletes one for good, with what there is of its record. @throws RuntimeRefusal `not_found` */
  async discard(id: string): Promise<void> {
    if (this.#known.has(id)) return this.remove(id)
    this.#orphans.assertKnown(id)
    if (existsSync(this.#path(id))) await destroyVolumeWaiting(this.#path(id))
    this.#records.remove(id)
    this.#orphans.settle(id)
  }

  #recordOf(
    id: string,
    as: RestoreDiskRequest,
    templates: ReadonlyMap<string, LocalTemplate>,
  ): SnapshotRecord {
    const copy = this.#copyOf(id)
    const template = copy?.template ?? as.template
    if (template === undefined) {
      throw new RuntimeRefusal('conflict', `nothing tells which template ${id} is of: name it`)
    }
    const of = copy ?? templates.get(template)
    if (of === undefined) throw new RuntimeRefusal('conflict', `this node has no template ${template}`)
    const { layers, image = null, system } = of
    const limits = as.limits ?? copy?.limits ?? templates.get(template)?.defaults
    if (limits === undefined) throw new RuntimeRefusal('conflict', `nobody knows the limits of ${id}`)
    const fresh = freshRecord({
      ...{ id, tenantId: as.tenantId, template, layers, image, system, limits },
      sandboxId: as.sandboxId ?? copy?.sandboxId ?? newId('sb'),
      isolation: as.isolation ?? copy?.isolation ?? 'standard',
    })
    return { ...fresh, createdAt: copy?.createdAt ?? fresh.createdAt }
  }

  /** The record of the sandbox that it was taken of, as that had it on its disk. */
  #copyOf(id: string): SandboxRecord | undefined {
    try {
      return readRecord(this.#path(id))
    } catch {
      return undefined
    }
  }

  /**
   * What a new sandbox's disk begins with.
   * @throws RuntimeRefusal `not_found`, also when it is another tenant's; `quota_exceeded` when the disk is too small
   */
  source(id: string, tenantId: string, diskMiB: number): { path: string; record: SnapshotRecord } {
    const record = this.find(id)
    if (record.tenantId !== tenantId) throw notFound('snapshot', id)
    assertRoom(this.sizeOf(id), { limits: { diskMiB } })
    return { path: this.#path(id), record }
  }

  async #take(id: string, sandbox: SandboxRecord): Promise<{ snapshot: NodeSnapshot; created: boolean }> {
    const known = this.#known.get(id)
    if (known !== undefined) {
      if (known.sandboxId !== sandbox.sandboxId) throw new RuntimeRefusal('conflict', `${id} is taken`)
      return { snapshot: this.#describe(known), created: false }
    }
    this.#orphans.assertFree(id)
    this.node.diskReserve.assertCapacity()
    const { sandboxId, tenantId, template, layers, image, system, isolation, limits } = sandbox
    if (sandboxId === null || tenantId === null) throw notFound('sandbox', sandbox.id)
    const record = freshRecord({
      ...{ id, tenantId, sandboxId, template, layers, image, system, isolation, limits },
    })
    this.#records.write(record)
    try {
      // Both are there after a crash of the host: a snapshot of btrfs is made by a commit to the disk.
      await Promise.all([
        snapshotVolume(volumeOf(this.node, sandbox), this.#path(id), null, tenantId),
        this.#records.sync(id),
      ])
    } catch (error) {
      if (existsSync(this.#path(id))) destroyVolume(this.#path(id))
      this.#records.remove(id)
      throw error
    }
    this.#known.set(id, record)
    return { snapshot: this.#describe(record), created: true }
  }

  #describe(record: SnapshotRecord): NodeSnapshot {
    const { layers: _, version: __, image: ___, system: ____, ...told } = record
    return {
      ...told,
      sizeBytes: this.sizeOf(record.id),
      exclusiveBytes: this.sizeOf(record.id, 'exclusive'),
    }
  }

  /** Bytes that it refers to, or has alone, as of the last commit to the disk. */
  sizeOf(id: string, part: 'referenced' | 'exclusive' = 'referenced'): number {
    return Number(readFileSync(join(qgroupOf(this.node.disk, volumeId(this.#path(id))), part), 'utf8'))
  }

  #path(id: string): string {
    return join(this.node.disk, 'snapshots', id)
  }

  #isWhole(id: string): boolean {
    if (existsSync(this.#path(id))) return true
    // The record stays: a disk that is not mounted today, or the wrong one, lacks all of them.
    this.node.log.info({ id }, 'a snapshot is not on this disk: it was not finished, or its removal was')
    return false
  }

  #sweep(): void {
    const directory = join(this.node.disk, 'snapshots')
    if (!existsSync(directory)) return // a disk of an earlier version that is read-only
    for (const name of readdirSync(directory)) {
      if (this.#known.has(name) || this.#orphans.has(name)) continue
      const path = join(this.node.disk, 'snapshots', name)
      // The copy of a snapshot, or a disk of which a snapshot was taken first: see `rollback.ts`.
      if (unfinishedRollback.test(name)) destroyVolume(path)
      else if (snapshotId.safeParse(name).success) this.#orphans.add(name)
      else this.node.problems.add(`${name} among the snapshots is none, and was left as it is`)
    }
  }
}

function assertRoom(sizeBytes: number, { limits: { diskMiB } }: { limits: { diskMiB: number } }): void {
  const neededMiB = Math.ceil(sizeBytes / 1024 ** 2)
  if (neededMiB <= diskMiB) return
  throw new RuntimeRefusal(
    'quota_exceeded',
    `the snapshot holds ${neededMiB} MiB and the sandbox's disk ${diskMiB} MiB: give it a larger disk`,
  )
}
