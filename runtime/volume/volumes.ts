import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type OrphanDisk, volumeId as publicId } from '../../protocol/api/index.js'
import {
  type MakeVolume,
  type NodeVolume,
  nodeVolumeId,
  type RestoreDiskRequest,
} from '../../protocol/node/index.js'
import { inUse } from '../cgroup/usage-check.js'
import { recipeUser } from '../container/spec.js'
import { notFound, RuntimeRefusal } from '../errors.js'
import { FilesRoot, openMountedRoot } from '../files/root.js'
import { overwriteJson } from '../linux/overwrite.js'
import { Records } from '../linux/records.js'
import { nothingTold, OrphanDisks } from '../rootfs/orphan-disks.js'
import { snapshotVolume } from '../rootfs/snapshot.js'
import {
  createVolume,
  destroyVolume,
  destroyVolumeWaiting,
  limitVolume,
  qgroupOf,
  volumeId,
  volumeUsage,
} from '../rootfs/volume.js'
import { dataOf } from '../rootfs/volume-mounts.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { freshRecord, recordVersion, type VolumeRecord, volumeRecord } from './record.js'

const mib = 1024 ** 2
/** One that is being made, under a name that no volume has. */
const unfinished = /^\.v[ls]_[0-9a-z]+\.new$/

/**
 * Volumes of tenants and snapshots of volumes: subvolumes in `volumes/` of the sandboxes' disk, and a record of each in
 * `<home>/volumes/`. A disk is made under another name and gets its own by one rename, so one that has it is whole. The record is
 * there before and goes after it, so one without a disk is of nothing, or of a disk that is away. A volume has a copy of its record beside its files: one whose record is lost is known by that.
 */
export class Volumes {
  readonly #records: Records<VolumeRecord>
  readonly #known: Map<string, VolumeRecord>
  readonly #orphans: OrphanDisks
  /** By how many claims each is about to be mounted. */
  readonly #held = new Map<string, number>()
  /** Of those that are being made. */
  readonly #making = new Map<string, Promise<unknown>>()

  /** @param users every claimed sandbox of the node */
  constructor(
    private readonly node: NodeContext,
    private readonly users: () => readonly SandboxRecord[],
    home: string,
  ) {
    this.#records = new Records(join(home, 'volumes'), volumeRecord)
    this.#orphans = new OrphanDisks(node, 'volumes')
    const found = this.#records.readAll((file, error) => {
      node.log.error({ err: error, file }, 'the record of a volume cannot be read')
      const id = file.replace(/\.json$/, '')
      if (!nodeVolumeId.safeParse(id).success) {
        node.problems.add(`${file} among the records of volumes is none, and was left as it is`)
      } else this.#orphans.add(id, { path: this.#records.file(id), version: recordVersion })
    })
    this.#known = new Map([...found].filter(([id]) => this.#isWhole(id)))
    this.#sweep()
    for (const record of this.#known.values()) this.#repairLimit(record)
  }

  list(): NodeVolume[] {
    const there = [...this.#known.values()].filter(({ id }) => existsSync(this.#path(id)))
    return there.flatMap((record) => {
      try {
        return [this.#describe(record)]
      } catch (error) {
        // One whose count the kernel has lost is no reason to show nothing.
        this.node.log.error({ err: error, id: record.id }, 'what a volume holds cannot be read')
        return []
      }
    })
  }

  /** What is written down of all of them. */
  records(): Iterable<VolumeRecord> {
    return this.#known.values()
  }

  /**
   * Makes a volume, empty or from a snapshot; or a snapshot of a volume, which has no size. Asked again it is the same one.
   * @throws RuntimeRefusal `not_found` for what it is to be made from; `quota_exceeded` when that holds more; `disk_full`
   */
  async make(id: string, wanted: MakeVolume): Promise<{ volume: NodeVolume; created: boolean }> {
    // Asked again while it is being made, it is made once.
    while (this.#making.has(id)) await this.#making.get(id)?.catch(() => {})
    const making = this.#make(id, wanted).finally(() => this.#making.delete(id))
    this.#making.set(id, making)
    return making
  }

  async #make(id: string, wanted: MakeVolume): Promise<{ volume: NodeVolume; created: boolean }> {
    const { tenantId, sizeMiB, from } = wanted
    const known = this.#known.get(id)
    if (known !== undefined) {
      if (known.tenantId !== tenantId) throw new RuntimeRefusal('conflict', `${id} is taken`)
      return { volume: this.#describe(known), created: false }
    }
    this.#orphans.assertFree(id)
    this.node.diskReserve.assertCapacity()
    const source = from === undefined ? undefined : this.#find(from, tenantId)
    if (source !== undefined && sizeMiB !== null) this.#assertRoom(source.id, sizeMiB)
    const record = freshRecord({ id, tenantId, sizeMiB, from: from ?? null })
    this.#records.write(record)
    const half = join(this.node.disk, 'volumes', `.${id}.new`)
    try {
      await this.#makeDisk(half, record, source)
      renameSync(half, this.#path(id))
    } catch (error) {
      if (existsSync(half)) destroyVolume(half)
      this.#records.remove(id)
      throw error
    }
    this.#known.set(id, record)
    // Both are there after a crash of the host.
    await this.#records.sync(id)
    await using directory = await open(this.node.disk, 'r')
    await directory.sync()
    return { volume: this.#describe(record), created: true }
  }

  /** @throws RuntimeRefusal `not_found`; `quota_exceeded` when it holds more */
  async resize(id: string, sizeMiB: number): Promise<NodeVolume> {
    const record = this.#find(id)
    if (record.sizeMiB === null)
      throw new RuntimeRefusal('conflict', `${id} is a snapshot, which has no size`)
    if (sizeMiB < record.sizeMiB) {
      const heldMiB = ((await volumeUsage(this.node.disk, true)).get(volumeId(this.#path(id))) ?? 0) / mib
      if (heldMiB > sizeMiB) throw inUse(`volume ${id}`, `${sizeMiB} MiB`, `${Math.ceil(heldMiB)} MiB`)
    }
    const changed = { ...this.#find(id), sizeMiB }
    this.#records.write(changed)
    this.#known.set(id, changed)
    limitVolume(this.#path(id), sizeMiB * mib)
    this.#saveCopy(this.#path(id), changed)
    return this.#describe(changed)
  }

  /**
   * Deletes one, for good. What was made from it keeps what it has. One that is gone already is no error.
   * @throws RuntimeRefusal `conflict` while a sandbox has it, running or not
   */
  remove(id: string): void {
    if (!this.#known.has(id)) return
    this.#assertUnused(id)
    if (existsSync(this.#path(id))) destroyVolume(this.#path(id))
    this.#records.remove(id)
    this.#known.delete(id)
  }

  /** Those whose record is missing or cannot be read. */
  orphans(): OrphanDisk[] {
    return this.#orphans.list((id) => {
      const copy = this.#copyOf(id)
      return { ...nothingTold, tenantId: copy?.tenantId ?? null, createdAt: copy?.createdAt ?? null }
    })
  }

  /**
   * Gives a volume, or a snapshot of one, a record that can be read, for the tenant that is named.
   * @throws RuntimeRefusal `not_found`; `conflict` when there is no disk, or a sandbox of another tenant has it
   */
  async restore(id: string, { tenantId, sizeMiB }: RestoreDiskRequest): Promise<NodeVolume> {
    const known = this.#known.get(id)
    if (known === undefined) this.#orphans.assertKnown(id)
    if (!existsSync(dataOf(this.node.disk, id))) {
      throw new RuntimeRefusal('conflict', `${id} has no disk that could be restored`)
    }
    if (known?.tenantId !== tenantId) this.#assertUnused(id, tenantId)
    const size = publicId.safeParse(id).success ? (sizeMiB ?? known?.sizeMiB ?? this.#limitMiB(id)) : null
    const fresh = freshRecord({ id, tenantId, sizeMiB: size, from: null })
    const createdAt = known?.createdAt ?? this.#copyOf(id)?.createdAt ?? fresh.createdAt
    const record = { ...fresh, ...known, tenantId, sizeMiB: size, createdAt }
    this.#records.write(record)
    await this.#records.sync(id)
    this.#known.set(id, record)
    this.#orphans.settle(id)
    this.#repairLimit(record)
    if (size !== null) this.#saveCopy(this.#path(id), record)
    return this.#describe(record)
  }

  /** Deletes one for good, with what there is of its record. @throws RuntimeRefusal as `remove`; `not_found` */
  async discard(id: string): Promise<void> {
    if (this.#known.has(id)) return this.remove(id)
    this.#orphans.assertKnown(id)
    this.#assertUnused(id)
    if (existsSync(this.#path(id))) await destroyVolumeWaiting(this.#path(id))
    this.#records.remove(id)
    this.#orphans.settle(id)
  }

  /** The files of a volume; owners are as sandboxes have them. @throws RuntimeRefusal `not_found` */
  async files(id: string): Promise<FilesRoot> {
    this.#find(id)
    this.node.diskReserve.assertWritable()
    return new FilesRoot(openMountedRoot(dataOf(this.node.disk, id)), 0)
  }

  /** Keeps volumes from being deleted until it is disposed of. @throws RuntimeRefusal `not_found`, also when one is another tenant's */
  hold(ids: readonly string[], tenantId: string): Disposable {
    for (const id of ids) this.#find(id, tenantId)
    for (const id of ids) this.#held.set(id, (this.#held.get(id) ?? 0) + 1)
    const release = () => {
      for (const id of ids) {
        const left = (this.#held.get(id) ?? 1) - 1
        if (left === 0) this.#held.delete(id)
        else this.#held.set(id, left)
      }
    }
    return { [Symbol.dispose]: release }
  }

  #find(id: string, tenantId?: string): VolumeRecord {
    const record = this.#known.get(id)
    if (record === undefined || (tenantId !== undefined && record.tenantId !== tenantId)) {
      throw notFound('volume', id)
    }
    return record
  }

  /** @param besides a tenant whose sandboxes may have it */
  #assertUnused(id: string, besides?: string): void {
    const users = this.users().filter(
      ({ volumes, tenantId }) => tenantId !== besides && volumes.some(({ volume }) => volume === id),
    )
    const names = users.map(({ sandboxId }) => sandboxId)
    if (this.#held.has(id)) names.push('a sandbox that is being made')
    if (names.length > 0) throw new RuntimeRefusal('conflict', `the volume is in use by ${names.join(', ')}`)
  }

  /** What the copy on its disk says; that of a snapshot is of the volume. */
  #copyOf(id: string): VolumeRecord | undefined {
    try {
      return volumeRecord.parse(JSON.parse(readFileSync(join(this.#path(id), 'record.json'), 'utf8')))
    } catch {
      return undefined
    }
  }

  /** What the kernel holds it to, or else what it holds. */
  #limitMiB(id: string): number {
    const limit = this.#number(id, 'max_referenced') // `none` when there is no limit
    return Math.max(1, Math.ceil((limit > 0 ? limit : this.#number(id, 'referenced')) / mib))
  }

  async #makeDisk(path: string, record: VolumeRecord, source: VolumeRecord | undefined): Promise<void> {
    if (existsSync(path)) destroyVolume(path)
    const sizeBytes = record.sizeMiB === null ? null : record.sizeMiB * mib
    if (source !== undefined) await snapshotVolume(this.#path(source.id), path, sizeBytes, record.tenantId)
    else if (sizeBytes === null) throw new RuntimeRefusal('invalid_request', 'a snapshot is of a volume')
    else {
      createVolume(path, sizeBytes, ['data'])
      // The users of images differ, and all of them may write to a new volume, as to a new one of Kubernetes.
      chownSync(join(path, 'data'), recipeUser.uid, recipeUser.gid)
      chmodSync(join(path, 'data'), 0o777)
    }
    if (sizeBytes !== null) this.#saveCopy(path, record)
  }

  /** A failure is logged: the volume may be full, and nothing depends on the copy while there is a record. */
  #saveCopy(path: string, record: VolumeRecord): void {
    try {
      overwriteJson(join(path, 'record.json'), record)
    } catch (error) {
      // What a snapshot brought with it is of another volume.
      rmSync(join(path, 'record.json'), { force: true })
      this.node.log.warn(
        { err: error, id: record.id },
        'the copy of the record of a volume could not be written',
      )
    }
  }

  #describe({ id, tenantId, sizeMiB }: VolumeRecord): NodeVolume {
    const [usedBytes, exclusiveBytes] = [this.#number(id, 'referenced'), this.#number(id, 'exclusive')]
    return { id, tenantId, sizeMiB, usedBytes, exclusiveBytes }
  }

  #number(id: string, name: 'referenced' | 'exclusive' | 'max_referenced'): number {
    return Number(readFileSync(join(qgroupOf(this.node.disk, volumeId(this.#path(id))), name), 'utf8'))
  }

  #assertRoom(id: string, sizeMiB: number): void {
    const neededMiB = Math.ceil(this.#number(id, 'referenced') / mib)
    if (neededMiB <= sizeMiB) return
    const message = `the snapshot holds ${neededMiB} MiB and the volume ${sizeMiB} MiB: make it larger`
    throw new RuntimeRefusal('quota_exceeded', message)
  }

  #path(id: string): string {
    return join(this.node.disk, 'volumes', id)
  }

  #isWhole(id: string): boolean {
    if (existsSync(this.#path(id))) return true
    // The record stays: a disk that is not mounted today, or the wrong one, lacks all of them.
    this.node.log.info({ id }, 'a volume is not on this disk: it was not finished, or its removal was')
    return false
  }

  #sweep(): void {
    const directory = join(this.node.disk, 'volumes')
    if (!existsSync(directory)) return // a disk of an earlier version that is read-only
    for (const name of readdirSync(directory)) {
      if (this.#known.has(name) || this.#orphans.has(name)) continue
      if (unfinished.test(name)) destroyVolume(join(directory, name))
      else if (this.#adopt(name)) continue
      else if (nodeVolumeId.safeParse(name).success) this.#orphans.add(name)
      else this.node.problems.add(`${name} among the volumes is none, and was left as it is`)
    }
  }

  /** By the copy of its record. @returns whether there is one */
  #adopt(id: string): boolean {
    if (!publicId.safeParse(id).success) return false
    const copy = this.#copyOf(id)
    if (copy?.id !== id) return false
    try {
      this.#records.write(copy)
    } catch {
      return false // told by the caller
    }
    this.#known.set(id, copy)
    this.node.log.warn({ id }, 'the record of a volume was lost, and was made anew from the copy on its disk')
    return true
  }

  /** A runtime may have been killed before it told the kernel of a new size. */
  #repairLimit({ id, sizeMiB }: VolumeRecord): void {
    if (sizeMiB === null) return
    try {
      if (this.#number(id, 'max_referenced') !== sizeMiB * mib) limitVolume(this.#path(id), sizeMiB * mib)
    } catch (error) {
      this.node.log.error({ err: error, id }, 'the size of a volume could not be looked after')
    }
  }
}
