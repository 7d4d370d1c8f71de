import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fallocate } from '../linux/libc.js'
import { run } from '../linux/spawn.js'

/** A part of the image in which btrfs keeps what it cannot do without. */
export interface Stripe {
  readonly offset: number
  readonly length: number
}

/** btrfs makes a new chunk of metadata seldom: when the last one is nearly full. */
const readEveryMs = 30_000

/**
 * Sets space aside on the host's disk for the metadata of the sandboxes' disk, in its image, which is otherwise
 * sparse. A write of data that the host's disk has no room for fails alone; one of metadata makes btrfs read-only, for
 * everybody. Discards give back what was set aside, so it is done again and again.
 */
export class Backing {
  readonly #image: string
  #stripes: readonly Stripe[] = []
  #readAt = Number.NEGATIVE_INFINITY
  #supported: boolean

  /** @param disk mount point of the sandboxes' disk */
  constructor(
    home: string,
    private readonly disk: string,
  ) {
    this.#image = join(home, 'disk.img')
    // An operator's own file system has no image.
    this.#supported = existsSync(this.#image)
  }

  /** @throws when the host's disk has no room for it */
  async keep(): Promise<void> {
    if (!this.#supported) return
    if (performance.now() - this.#readAt > readEveryMs) {
      this.#stripes = await metadataStripes(this.disk)
      this.#readAt = performance.now()
    }
    const fd = openSync(this.#image, 'r+')
    try {
      for (const { offset, length } of this.#stripes) fallocate(fd, length, offset)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EOPNOTSUPP')) throw error
      this.#supported = false
    } finally {
      closeSync(fd)
    }
  }
}

/** Where the metadata of the btrfs mounted at `disk` is on its device. @see btrfs-inspect-internal(8) */
async function metadataStripes(disk: string): Promise<Stripe[]> {
  const device = (await run('findmnt', ['--noheadings', '--output', 'SOURCE', '--target', disk])).trim()
  return stripesIn(await run('btrfs', ['inspect-internal', 'dump-tree', '--tree', 'chunk', device]))
}

/** Reads the stripes of metadata and system chunks out of a chunk tree as `dump-tree` prints it. */
export function stripesIn(dump: string): Stripe[] {
  return dump.split(/^\titem /m).flatMap((item) => {
    const [, length, type = ''] = /\blength (\d+) owner \d+ stripe_len \d+ type (\S+)/.exec(item) ?? []
    if (length === undefined || !/METADATA|SYSTEM/.test(type)) return []
    return Array.from(item.matchAll(/\bstripe \d+ devid \d+ offset (\d+)/g), ([, offset]) => ({
      offset: Number(offset),
      length: Number(length),
    }))
  })
}
