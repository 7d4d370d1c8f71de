import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { newId, type QuarantineEntry, quarantineCause, quarantineId } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { overwriteJson } from '../linux/overwrite.js'
import { destroyVolume, volumeId, volumeUsage } from '../rootfs/volume.js'
import { readRecord, type SandboxRecord, saveRecord, UnreadableRecord } from './record.js'

const dayMs = 24 * 3_600_000
const containerName = z.string().regex(/^b[0-9]+$/)

/** What is written down of an entry, beside the record as it was found. Every field can be done without. */
const note = z.object({
  at: z.iso.datetime().catch(() => new Date(0).toISOString()),
  cause: quarantineCause.catch('unknown'),
  reason: z.string().catch('nothing is written down of it'),
  /** The container's name while its record and disk are on their way here: a crash in between is made good. */
  from: containerName.nullable().catch(null),
  /** The same on the way back. */
  to: containerName.nullable().catch(null),
})
type Note = z.infer<typeof note>

/** Where an instance keeps records, disks and what was set aside. */
export interface Places {
  readonly home: string
  readonly disk: string
  /** Days after which an entry counts as overdue. It is never deleted for that. */
  readonly days: number
}

/**
 * Sandboxes that were set aside with their disks, because it cannot be proved whose they are. An entry is a
 * directory `<home>/quarantine/<id>` with a note and the record's directory as it was found, and the disk, moved
 * to `quarantine/<id>` on the sandboxes' file system. Nothing here is deleted unless an operator says so.
 */
export class Quarantine {
  constructor(private readonly places: Places) {
    mkdirSync(join(places.home, 'quarantine'), { recursive: true, mode: 0o700 })
  }

  /** Ids of all entries, also of those whose note or record is gone. */
  ids(): string[] {
    const { home, disk } = this.places
    const names = [home, disk].flatMap((root) => namesIn(join(root, 'quarantine')))
    return [...new Set(names)].filter((name) => quarantineId.safeParse(name).success).toSorted()
  }

  /**
   * Sets the record and the disk of a container aside. Its processes must have ended. One of the two may be missing.
   * @param name the container's, such as `b7`
   * @returns the entry's id
   */
  add(name: string, why: Pick<Note, 'cause' | 'reason'>): string {
    const id = newId('qr')
    mkdirSync(this.#kept(id), { mode: 0o700 })
    const noted = { at: new Date().toISOString(), ...why, from: name, to: null }
    this.#write(id, noted)
    this.#takeIn(id, noted)
    return id
  }

  /** Finishes what an earlier runtime was killed in the middle of. Call it before any record is read. */
  resume(problem: (id: string, error: unknown) => void): void {
    for (const id of this.ids()) {
      try {
        if (this.#isEmpty(id)) rmSync(this.#kept(id), { recursive: true })
        const noted = this.#note(id)
        if (noted.from !== null) this.#takeIn(id, noted)
        if (noted.to !== null) this.#finishRestore(id, noted, noted.to)
      } catch (error) {
        problem(id, error) // a disk that is read-only, say: the next start tries again
      }
    }
  }

  async list(): Promise<QuarantineEntry[]> {
    const ids = this.ids()
    if (ids.length === 0) return []
    // How much is on a disk is worth knowing, and no reason to show nothing.
    const usage = await volumeUsage(this.places.disk).catch(() => new Map<number, number>())
    return ids.map((id) => this.#describe(id, usage))
  }

  /** @throws RuntimeRefusal `not_found` */
  async describe(id: string): Promise<QuarantineEntry> {
    this.#assertKnown(id)
    return this.#describe(id, await volumeUsage(this.places.disk))
  }

  /** The best record there is of an entry: the one that was found, or else the copy on its disk. */
  recordOf(id: string): SandboxRecord | undefined {
    for (const directory of [join(this.#kept(id), 'record'), this.#volume(id)]) {
      try {
        return readRecord(directory)
      } catch (error) {
        if (!(error instanceof UnreadableRecord)) throw error
      }
    }
    return undefined
  }

  /** Entries that were set aside because of their record only, and whose record can be read now: by this version, or since somebody mended it. */
  readable(): { id: string; sandbox: SandboxRecord }[] {
    return this.ids().flatMap((id) => {
      const { cause } = this.#note(id)
      if (cause !== 'unreadable_record' && cause !== 'newer_record') return []
      if (!existsSync(this.#volume(id))) return []
      try {
        return [{ id, sandbox: readRecord(join(this.#kept(id), 'record')) }]
      } catch {
        return [] // still not
      }
    })
  }

  /**
   * Puts an entry's disk back in its place, under a record that says whose it is.
   * @param directory of the record
   * @throws RuntimeRefusal `not_found`, `conflict` when there is no disk
   */
  restore(id: string, sandbox: SandboxRecord, directory: string): SandboxRecord {
    this.#assertKnown(id)
    if (!existsSync(this.#volume(id))) throw new RuntimeRefusal('conflict', `${id} has no disk to restore`)
    this.#write(id, { ...this.#note(id), to: sandbox.id })
    const volume = join(this.places.disk, 'sandboxes', sandbox.id)
    renameSync(this.#volume(id), volume)
    const restored = { ...sandbox, volumeId: volumeId(volume) }
    saveRecord(directory, restored)
    rmSync(this.#kept(id), { recursive: true, force: true })
    return restored
  }

  /** Deletes an entry with its disk, for good. @throws RuntimeRefusal `not_found` */
  discard(id: string): void {
    this.#assertKnown(id)
    if (existsSync(this.#volume(id))) destroyVolume(this.#volume(id))
    rmSync(this.#kept(id), { recursive: true, force: true })
  }

  /** An entry that was never written down, and that nothing came into. */
  #isEmpty(id: string): boolean {
    if (existsSync(this.#volume(id))) return false
    return namesIn(this.#kept(id)).every((name) => name === 'note.json.new')
  }

  /** Each step is done when its source is gone, so this can be repeated from any point. */
  #takeIn(id: string, noted: Note): void {
    const { home, disk } = this.places
    const name = noted.from ?? ''
    move(join(disk, 'sandboxes', name), this.#volume(id))
    move(join(home, 'boxes', name), join(this.#kept(id), 'record'))
    this.#write(id, { ...noted, from: null })
  }

  #finishRestore(id: string, noted: Note, to: string): void {
    const { home, disk } = this.places
    const volume = join(disk, 'sandboxes', to)
    if (existsSync(this.#volume(id)) || !existsSync(volume)) {
      this.#write(id, { ...noted, to: null }) // not begun
    } else if (existsSync(join(home, 'boxes', to))) rmSync(this.#kept(id), { recursive: true, force: true })
    else {
      renameSync(volume, this.#volume(id))
      this.#write(id, { ...noted, to: null })
    }
  }

  #describe(id: string, usage: ReadonlyMap<number, number>): QuarantineEntry {
    const { at, cause, reason } = this.#note(id)
    const sandbox = this.recordOf(id)
    const volume = this.#volume(id)
    const overdue = Date.now() - Date.parse(at) > this.places.days * dayMs
    return {
      ...{ id, at, cause, reason, overdue },
      sandboxId: sandbox?.sandboxId ?? null,
      tenantId: sandbox?.tenantId ?? null,
      template: sandbox?.template ?? null,
      limits: sandbox?.limits ?? null,
      createdAt: sandbox?.createdAt ?? null,
      diskBytes: existsSync(volume) ? (usage.get(volumeId(volume)) ?? 0) : null,
    }
  }

  #note(id: string): Note {
    try {
      return note.parse(JSON.parse(readFileSync(join(this.#kept(id), 'note.json'), 'utf8')))
    } catch {
      return note.parse({})
    }
  }

  #write(id: string, noted: Note): void {
    mkdirSync(this.#kept(id), { recursive: true, mode: 0o700 })
    overwriteJson(join(this.#kept(id), 'note.json'), noted)
  }

  #assertKnown(id: string): void {
    if (this.ids().includes(id)) return
    throw new RuntimeRefusal('not_found', `there is nothing in quarantine with the id ${id}`)
  }

  #kept(id: string): string {
    return join(this.places.home, 'quarantine', id)
  }

  #volume(id: string): string {
    return join(this.places.disk, 'quarantine', id)
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [] // a disk of an earlier version that is read-only
}

function move(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to)
}
