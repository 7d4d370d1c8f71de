import { readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { RuntimeRefusal } from '../errors.js'
import { fileSystemId, limitAllVolumes, sumQgroup } from './volume.js'

const gib = 1024 ** 3
const mib = 1024 ** 2
/** What can be eaten between two looks is never more than half of what is left. */
const lookEveryMs = 2000
/** New sandboxes are refused while what is free is less than so many reserves. */
const watermark = 2

interface Room {
  readonly name: string
  readonly path: string
  readonly reserveBytes: number
}

/**
 * Keeps a reserve on the host's own disk, into which the sandboxes' sparse disk grows, and on that disk itself:
 * a loop device whose file cannot grow turns read-only, for everybody. The kernel enforces it: all sandboxes
 * together may hold what they hold now and half of what is left above the reserve, looked at again and again,
 * and a write past it fails with EDQUOT inside, as at their own limits. Half, since metadata is written twice.
 */
export class Space {
  readonly #timer: NodeJS.Timeout
  readonly #rooms: readonly Room[]
  readonly #qgroup: string

  /**
   * @param home on the host's own disk
   * @param disk mount point of the sandboxes' disk
   * @param reserveBytes of the host's disk; a twentieth of it if an operator names none
   */
  constructor(
    private readonly home: string,
    private readonly disk: string,
    reserveBytes = Math.min(5 * gib, Math.max(gib, twentieth(home))),
  ) {
    this.#rooms = [
      { name: "the host's disk", path: home, reserveBytes },
      { name: "the sandboxes' disk", path: disk, reserveBytes: Math.min(gib, twentieth(disk)) },
    ]
    this.#qgroup = join('/sys/fs/btrfs', fileSystemId(disk), 'qgroups', sumQgroup, 'referenced')
    this.#hold()
    this.#timer = setInterval(() => this.#hold(), lookEveryMs)
    this.#timer.unref()
  }

  /** Free on the host's own disk. */
  get hostFreeBytes(): number {
    return freeBytes(this.home)
  }

  /** Why there is no room for a new sandbox; null while there is. */
  get full(): string | null {
    for (const { name, path, reserveBytes } of this.#rooms) {
      const [free, wanted] = [freeBytes(path), watermark * reserveBytes]
      if (free >= wanted) continue
      return `${name} has ${inMib(free)} free, less than the ${inMib(wanted)} that a new sandbox wants to find`
    }
    return null
  }

  /** @throws RuntimeRefusal `node_full` */
  assertRoom(): void {
    const { full } = this
    if (full !== null) throw new RuntimeRefusal('node_full', full)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #hold(): void {
    const left = Math.min(...this.#rooms.map(({ path, reserveBytes }) => freeBytes(path) - reserveBytes))
    const held = Number(readFileSync(this.#qgroup, 'utf8'))
    limitAllVolumes(this.disk, held + Math.max(0, Math.floor(left / 2)))
  }
}

const inMib = (bytes: number) => `${Math.floor(bytes / mib)} MiB`

function twentieth(path: string): number {
  const { blocks, bsize } = statfsSync(path)
  return (blocks * bsize) / 20
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
