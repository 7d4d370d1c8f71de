import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../linux/spawn.js'

const mib = 1024 ** 2
const maxBytes = 512 * mib

/**
 * Space on the host's own disk that is taken in advance by a real file, `<home>/reserve`, so that nobody else can
 * fill it. It is given up when the host's disk runs out: then the sandboxes' disk and PostgreSQL can still write what
 * they must, the sandboxes being held to what they have. It is taken again when there is room.
 */
export class ReserveFile {
  readonly #file: string
  /** What the file takes at most, bytes. */
  readonly sizeBytes: number
  #supported = true

  /** @param reserveBytes what an operator wants to stay free on the host's disk; the file is a part of it */
  constructor(
    home: string,
    private readonly reserveBytes: number,
  ) {
    this.#file = join(home, 'reserve')
    this.sizeBytes = Math.min(maxBytes, Math.floor(reserveBytes))
  }

  /** What the file takes now, bytes. */
  get heldBytes(): number {
    return (statSync(this.#file, { throwIfNoEntry: false })?.blocks ?? 0) * 512
  }

  /**
   * Gives the space up or takes it again, as `freeBytes` of the host's disk ask for.
   * @returns what happened
   */
  async adjust(freeBytes: number): Promise<'released' | 'taken' | undefined> {
    const held = this.heldBytes
    if (held > 0) {
      if (freeBytes > this.sizeBytes / 4) return undefined
      rmSync(this.#file)
      return 'released'
    }
    if (!this.#supported || this.sizeBytes < mib || freeBytes < this.reserveBytes + this.sizeBytes)
      return undefined
    try {
      await run('fallocate', ['--length', String(this.sizeBytes), this.#file])
      return 'taken'
    } catch {
      // A file system that cannot (NFS, ZFS) is held by the limits of the sandboxes only.
      this.#supported = false
      rmSync(this.#file, { force: true })
      return undefined
    }
  }
}
