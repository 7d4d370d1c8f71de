import { join } from 'node:path'
import { RuntimeRefusal } from '../errors.js'
import type { Archives } from '../files/archives.js'
import { FilesRoot, openMountedRoot, PathHandle } from '../files/root.js'
import { mountLayers, mountSnapshot, type Rootfs, removeMountPoints } from '../rootfs/rootfs.js'
import type { NodeContext } from '../sandbox/node.js'
import type { LayerStore } from './store.js'

/** At the same time, on this node: each reads as fast as the disk gives. */
const maxPackings = 8

/** Makes tars of layers, in the form that images have them in. */
export class LayerPackings {
  readonly #places = new Set<number>()

  constructor(
    private readonly node: Pick<NodeContext, 'disk' | 'scratch'>,
    private readonly store: LayerStore,
    private readonly archives: Archives,
  ) {}

  /**
   * The uppermost layer as a tar, while it is read. The layers stay until this has ended; whether a volume has stayed the caller knows.
   * @param below layers with those below them, the lowest first
   * @param volume of a snapshot, which lies over them
   * @throws RuntimeRefusal `conflict` when too many are read
   */
  async *pack(below: readonly string[], volume?: string): AsyncGenerator<Uint8Array> {
    const place = freeIn(this.#places)
    const held = below.map((name) => this.store.hold(name))
    const at = join(this.node.scratch, `pack-${place}`)
    try {
      const paths = below.map((name) => this.store.path(name))
      // An earlier runtime may have been killed in the middle.
      removeMountPoints(at)
      const rootfs = volume === undefined ? mountLayers(at, paths) : mountSnapshot(at, paths, volume)
      await using _ = rootfs
      yield* this.#packed(volume === undefined ? (paths.at(-1) ?? '') : join(volume, 'upper'), rootfs)
    } finally {
      for (const one of held) one[Symbol.dispose]()
      this.#places.delete(place)
    }
  }

  async *#packed(layer: string, rootfs: Rootfs): AsyncGenerator<Uint8Array> {
    using files = new FilesRoot(openMountedRoot(layer), 0)
    using merged = new PathHandle(openMountedRoot(rootfs.path))
    yield* this.archives.packLayer(files, merged)
  }
}

function freeIn(taken: Set<number>): number {
  for (let place = 0; place < maxPackings; place++) {
    if (taken.has(place)) continue
    taken.add(place)
    return place
  }
  throw new RuntimeRefusal('conflict', 'too many layers are read on this node', 5)
}
