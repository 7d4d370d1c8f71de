import { readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '../../common/log.js'
import { every } from '../../common/timers.js'
import { RuntimeRefusal } from '../errors.js'
import { Backing } from './backing.js'
import { diskProblem } from './disk.js'
import { ReserveFile } from './reserve-file.js'
import { fileSystemId, limitAllVolumes, sumQgroup } from './volume.js'

const gib = 1024 ** 3
const mib = 1024 ** 2
/** What can be eaten between two looks is never more than half of what is left. */
const holdEveryMs = 2000
/** The host's disk can be filled by others in no time: the reserve file is given up as soon as that is seen. */
const lookEveryMs = 250
/** New sandboxes are refused while what is free is less than so many reserves. */
const watermark = 2
const retryAfterSeconds = 5

interface Room {
  readonly name: string
  readonly path: string
  readonly reserveBytes: number
  /** Free when all sandboxes were last limited: more room than that is nobody's yet. */
  limitedAtBytes: number
}

/**
 * Keeps a reserve on the host's own disk, into which the sandboxes' sparse disk grows, and on that disk itself:
 * a loop device whose file cannot grow turns read-only, for everybody. The kernel enforces it: all sandboxes
 * together may hold what they hold now and half of what is left above the reserve, looked at again and again,
 * and a write past it fails with EDQUOT inside, as at their own limits. Half, since metadata is written twice.
 *
 * Against others who fill the host's disk the disk's metadata has its space (`Backing`), and a part of the
 * reserve is a real file (`ReserveFile`). Should the sandboxes'
 * disk turn read-only all the same, new sandboxes are refused, and once the host has room `remount` is called.
 */
export class DiskReserve {
  readonly #timers: readonly Disposable[]
  readonly #rooms: readonly Room[]
  readonly #reserve: ReserveFile
  readonly #backing: Backing
  #qgroup: string | undefined
  #problem: string | null

  /**
   * @param home on the host's own disk
   * @param disk mount point of the sandboxes' disk
   * @param reserveBytes of the host's disk; a twentieth of it if an operator names none
   * @param remount is called again and again while the disk is read-only and the host has room
   */
  constructor(
    private readonly home: string,
    private readonly disk: string,
    private readonly log: Logger,
    private readonly remount: () => void,
    reserveBytes = defaultReserve(home),
  ) {
    this.#rooms = [
      { name: "the host's disk", path: home, reserveBytes, limitedAtBytes: 0 },
      {
        name: "the sandboxes' disk",
        path: disk,
        reserveBytes: Math.min(gib, twentieth(disk)),
        limitedAtBytes: 0,
      },
    ]
    this.#reserve = new ReserveFile(home, reserveBytes)
    this.#backing = new Backing(home, disk)
    this.#problem = diskProblem(disk)
    if (this.#problem === null) this.#hold()
    this.#timers = [
      every(lookEveryMs, "looking at the host's disk", log, () => this.#look()),
      every(holdEveryMs, "setting space aside for the disk's metadata", log, async () => {
        if (this.#problem === null) await this.#backing.keep()
      }),
      every(holdEveryMs, 'limiting all sandboxes together', log, () => {
        if (this.#problem === null) this.#hold()
      }),
    ]
  }

  /** Free on the host's own disk, with what the reserve file takes. */
  get hostFreeBytes(): number {
    return freeBytes(this.home) + this.#reserve.heldBytes
  }

  /** Why there is no room for a new sandbox; null while there is. */
  get full(): string | null {
    if (this.#problem !== null) return this.#problem
    for (const room of this.#rooms) {
      const wanted = watermark * room.reserveBytes
      const free = Math.min(this.#free(room), room.limitedAtBytes)
      if (free >= wanted) continue
      return `${room.name} has ${inMib(free)} free, less than the ${inMib(wanted)} that a new sandbox wants to find`
    }
    return null
  }

  /** @throws RuntimeRefusal `disk_full` */
  assertCapacity(): void {
    refuse(this.full)
  }

  /** For what needs no more room but writes. @throws RuntimeRefusal `disk_full` when nothing can be written */
  assertWritable(): void {
    refuse(this.#problem)
  }

  close(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]()
  }

  async #look(): Promise<void> {
    const change = await this.#reserve.adjust(freeBytes(this.home))
    if (change !== undefined && this.#problem === null) this.#hold()
    if (change === 'released') {
      this.log.error(
        { freeBytes: freeBytes(this.home) },
        "the host's disk is full: the reserve is given up; make room",
      )
    } else if (change === 'taken') this.log.info("the reserve on the host's disk is taken")
    const before = this.#problem
    this.#problem = diskProblem(this.disk)
    if (this.#problem !== null && before === null) {
      this.log.fatal(
        { problem: this.#problem },
        'new sandboxes are refused until the disk can be written again',
      )
    }
    if (this.#problem !== null && this.#hostHasRoom()) this.remount()
  }

  #hostHasRoom(): boolean {
    return hasRoomToMount(this.home, this.#rooms[0]?.reserveBytes)
  }

  #hold(): void {
    this.#qgroup ??= join('/sys/fs/btrfs', fileSystemId(this.disk), 'qgroups', sumQgroup, 'referenced')
    for (const room of this.#rooms) room.limitedAtBytes = this.#free(room)
    const left = Math.min(...this.#rooms.map((room) => room.limitedAtBytes - room.reserveBytes))
    const held = Number(readFileSync(this.#qgroup, 'utf8'))
    limitAllVolumes(this.disk, held + Math.max(0, Math.floor(left / 2)))
  }

  #free({ path }: Room): number {
    return freeBytes(path) + (path === this.home ? this.#reserve.heldBytes : 0)
  }
}

function refuse(why: string | null): void {
  if (why !== null) throw new RuntimeRefusal('disk_full', why, retryAfterSeconds)
}

/** Whether the host's disk has room enough for the sandboxes' disk to be mounted and written again. */
export function hasRoomToMount(home: string, reserveBytes = defaultReserve(home)): boolean {
  const held = new ReserveFile(home, reserveBytes)
  return freeBytes(home) + held.heldBytes >= Math.max(64 * mib, reserveBytes / 4)
}

const defaultReserve = (home: string) => Math.min(5 * gib, Math.max(gib, twentieth(home)))

const inMib = (bytes: number) => `${Math.floor(bytes / mib)} MiB`

function twentieth(path: string): number {
  const { blocks, bsize } = statfsSync(path)
  return (blocks * bsize) / 20
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
