import { type BigIntStats, lstatSync, opendirSync } from 'node:fs'
import { shownName } from '../../common/tar/format.js'
import { tarEnd, tarHeader } from '../../common/tar/write.js'
import { RuntimeRefusal } from '../errors.js'
import { Packer } from '../files/pack.js'
import type { FilesRoot, PathHandle } from '../files/root.js'
import { getXattr, userXattrs } from '../linux/attributes.js'
import { bounds } from './bounds.js'
import { allowedCapabilities } from './capabilities.js'

/** Each step is held open. */
const maxDepth = 400
/** Entries after which somebody else may take a turn, also when none of them is packed. */
const seenMax = 2000
const noBytes = Buffer.alloc(0)
const whiteoutPrefix = Buffer.from('.wh.')
const opaqueMarker = Buffer.from('.wh..wh..opq')
const capabilityXattr = 'security.capability'

/**
 * A tar of a layer in the form that OCI images have it in: what overlayfs keeps as a device or as an attribute becomes a whiteout. The
 * same layer gives the same bytes each time. Sockets and device nodes are left out.
 *
 * Nobody writes to the layer. Its calls to the kernel block, as those of `packPath`.
 *
 * @param merged the layer and those below it, mounted over one another: what a renamed directory has is found there
 * @throws RuntimeRefusal `invalid_request` for what such a tar has no form for
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export function* packLayer(
  layer: FilesRoot,
  merged: PathHandle,
  entriesMax: number = bounds.entries,
): Generator<Buffer> {
  const packing = new LayerPacking(layer, merged, entriesMax)
  using top = layer.directory('/')
  // What is refused is refused before anything is sent.
  yield* packing.directory(top, [], false, false)
  packing.begin()
  yield* packing.packer.push(packing.header(top, Buffer.from('./')))
  yield* packing.directory(top, [], false, true)
  yield* packing.packer.flush(tarEnd)
}

class LayerPacking {
  readonly packer: Packer
  #seen = 0
  /** Names that were read in this pass; those of the directories that it is in are held at once. */
  #listed = 0

  constructor(
    layer: FilesRoot,
    private readonly merged: PathHandle,
    private readonly entriesMax: number,
  ) {
    this.packer = new Packer(layer, keptXattrs)
  }

  /** Another pass. */
  begin(): void {
    this.#listed = 0
  }

  header(directory: PathHandle, name: Buffer): Buffer {
    const stat = directory.exactStat()
    return tarHeader(this.packer.entry('directory', name, stat, { xattrs: keptXattrs(directory.path()) }))
  }

  /**
   * @param whole whether it is as it is seen, without anything that removes something
   * @param write whether it is packed, and not only looked at; then it was looked at before
   */
  *directory(from: PathHandle, steps: readonly Buffer[], whole: boolean, write: boolean): Generator<Buffer> {
    if (steps.length > maxDepth) throw impossible(`directories are deeper than ${maxDepth} steps`)
    for (const name of yield* this.#namesIn(from)) {
      if (++this.#seen % seenMax === 0) yield noBytes
      const place = [...steps, name]
      const shown = joined(place)
      if (name.subarray(0, whiteoutPrefix.length).equals(whiteoutPrefix)) {
        throw impossible(
          `${shownName(shown)} is a name that removes something in an image: rename or delete it`,
        )
      }
      const stat = lstatSync(from.path(name), { bigint: true })
      if (stat.isDirectory()) yield* this.#below(from, place, whole, write)
      else if (!write) continue
      else if (!whole && isWhiteout(stat)) {
        yield* this.#marker(joined([...steps, Buffer.concat([whiteoutPrefix, name])]), stat)
      } else yield* this.packer.other(from, name, shown, stat)
    }
  }

  *#below(from: PathHandle, place: readonly Buffer[], whole: boolean, write: boolean): Generator<Buffer> {
    const name = place.at(-1) ?? noBytes
    using own = from.enter(name)
    const inside = Buffer.concat([joined(place), Buffer.from('/')])
    if (write) yield* this.packer.push(this.header(own, inside))
    const moved = !whole && getXattr(own.path(), 'trusted.overlay.redirect') !== undefined
    const opaque = !whole && getXattr(own.path(), 'trusted.overlay.opaque')?.toString() === 'y'
    if (write && (moved || opaque))
      yield* this.#marker(Buffer.concat([inside, opaqueMarker]), own.exactStat())
    if (!moved) return yield* this.directory(own, place, whole, write)
    // What it had before it was renamed is in a layer below, under its old name.
    using seen = this.merged.below(place)
    yield* this.directory(seen, place, true, write)
  }

  #marker(name: Buffer, { mtimeNs }: BigIntStats): Generator<Buffer> {
    return this.packer.push(
      tarHeader({
        ...{ type: 'file', name, target: noBytes, sizeBytes: 0, xattrs: new Map(), modifiedNs: mtimeNs },
        ...{ mode: 0, uid: 0, gid: 0 },
      }),
    )
  }

  *#namesIn(directory: PathHandle): Generator<Buffer, Buffer[]> {
    const names: string[] = []
    // Names are bytes: each is a character of this encoding, which is sorted as they are.
    const open = opendirSync(directory.path(), { encoding: 'latin1', bufferSize: 512 })
    try {
      for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
        names.push(entry.name)
        if (++this.#listed > this.entriesMax) {
          throw impossible(`there are more than ${this.entriesMax} files and directories`)
        }
        if (this.#listed % seenMax === 0) yield noBytes
      }
    } finally {
      open.closeSync()
    }
    return names.toSorted().map((name) => Buffer.from(name, 'latin1'))
  }
}

const isWhiteout = (stat: BigIntStats) => stat.isCharacterDevice() && stat.rdev === 0n
const joined = (steps: readonly Buffer[]) =>
  Buffer.concat(steps.flatMap((step, i) => (i === 0 ? [step] : [Buffer.from('/'), step])))

/** Attributes of users, and file capabilities as a sandbox allows them. */
function keptXattrs(file: number | Buffer): ReadonlyMap<string, Buffer> {
  const ofUsers = userXattrs(file)
  const path = typeof file === 'number' ? Buffer.from(`/proc/self/fd/${file}`) : file
  const value = getXattr(path, capabilityXattr)
  const kept = value === undefined ? undefined : allowedCapabilities(value)
  return kept === undefined ? ofUsers : new Map([...ofUsers, [capabilityXattr, kept]])
}

const impossible = (why: string) =>
  new RuntimeRefusal('invalid_request', `no image can be made of this disk: ${why}`)
