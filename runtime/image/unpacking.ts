import { chmodSync, constants, mkdtempSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RuntimeRefusal } from '../errors.js'
import { PathHandle } from '../files/root.js'
import { mountLayers, removeMountPoints } from '../rootfs/rootfs.js'
import type { NodeContext } from '../sandbox/node.js'
import { MountedLayers } from './below.js'
import { rememberBlob } from './blobs.js'
import { bounds } from './bounds.js'
import { type ImageConfig, readConfig } from './config.js'
import { badImage, noRoom } from './error.js'
import { finishingVersion, writeFinishing } from './finishing.js'
import { tooLarge } from './layer.js'
import type { FoundImage, FoundLayer } from './manifest.js'
import { chainId, type LayerStore, layerName } from './store.js'
import type { LayerJob } from './thread.js'
import type { Unpacker } from './unpack.js'

/** An image whose layers are whole. */
export interface Imported {
  readonly config: ImageConfig
  readonly layers: string[]
  readonly passwd: string
  readonly group: string
}

/** Layers that are unpacked and not on the disk yet are put there together: each time takes a tenth of a second. */
const unsyncedBytesMax = 64 * 1024 ** 2

/** The layers of one import: those that it uses are held until its template is written. */
export class Unpacking implements Disposable {
  readonly #held: Disposable[] = []
  /** Layers that are whole and not yet in the store, by name, with where they are. */
  readonly #fresh = new Map<string, string>()
  #freshBytes = 0
  readonly #at: string
  /** What may still be unpacked. */
  #bytesLeft: number

  constructor(
    private readonly node: Pick<NodeContext, 'scratch' | 'diskReserve' | 'log'>,
    private readonly store: LayerStore,
    private readonly unpacker: Unpacker,
    private readonly of: {
      readonly staging: string
      readonly signal: AbortSignal
      readonly bytesMax: number
    },
  ) {
    this.#at = join(node.scratch, 'image')
    this.#bytesLeft = of.bytesMax
  }

  async run(image: FoundImage): Promise<Imported> {
    const config = readConfig(image.config)
    if (config.diffIds.length !== image.layers.length) {
      throw badImage(
        `its configuration has ${config.diffIds.length} layers, and its manifest ${image.layers.length}`,
      )
    }
    const layers: string[] = []
    let chain: string | undefined
    for (const [i, layer] of image.layers.entries()) {
      const diffId = config.diffIds[i] ?? ''
      chain = chainId(chain, diffId)
      layers.push(await this.#layer(layer, diffId, chain, layers))
    }
    const imported = await this.#finish(config, layers, chain)
    await this.#keep()
    for (const [i, { file, compression }] of image.layers.entries()) {
      if (compression === undefined) continue
      rememberBlob(this.store, layers[i] ?? '', {
        ...{ diffId: config.diffIds[i] ?? '', digest: `sha256:${file.sha256}`, sizeBytes: file.bytes },
        mediaType: `application/vnd.oci.image.layer.v1.tar${compression === 'none' ? '' : `+${compression}`}`,
      })
    }
    return imported
  }

  /** @returns the name of a layer, which is whole by now */
  async #layer(layer: FoundLayer, diffId: string, chain: string, below: readonly string[]): Promise<string> {
    // What the lowest one lacks it lacks everywhere, and not only where nothing is below: it is not what others may lay higher up.
    const placed = below.length === 0 ? chainId('nothing', diffId) : chain
    const names = [layerName(diffId), layerName(placed)]
    for (const name of names) this.#held.push(this.store.hold(name))
    const there = names.find((name) => this.#fresh.has(name) || this.store.has(name))
    if (there !== undefined) {
      // Whoever names a layer shows that they have it: its digest alone, which others may know, gives nobody its files.
      if (!this.#fresh.has(there)) await this.#prove(layer, diffId)
      return there
    }
    this.node.diskReserve.assertCapacity()
    this.of.signal.throwIfAborted()
    let directory = this.#directory()
    let unpacked = await this.#unpack(layer, directory, below.length === 0 ? 'none' : 'unknown')
    if (unpacked === undefined) {
      await rm(directory, { recursive: true })
      directory = this.#directory()
      unpacked = await this.#mounted(below, (path) => this.#unpack(layer, directory, { path }))
    }
    if (unpacked === undefined) throw new Error('a layer needs to know what is known')
    const { sha256, dependent, devices, bytes } = unpacked
    assertDigest(sha256, diffId)
    if (devices > 0) this.node.log.info({ diffId, devices }, 'device nodes of a layer were left out')
    this.#bytesLeft -= bytes
    const name = layerName(dependent ? placed : diffId)
    await this.#add(name, directory, bytes)
    return name
  }

  /** @throws RuntimeRefusal `invalid_request` when what was sent is not the layer that it is said to be */
  async #prove(layer: FoundLayer, diffId: string): Promise<void> {
    const read = await this.unpacker.unpack(layer, null, 'none')
    assertDigest(read?.sha256, diffId)
  }

  async #unpack(layer: FoundLayer, directory: string, below: LayerJob['below']) {
    const { unpacker } = this
    const bytesMax = Math.min(this.#bytesLeft, unpacker.bytesMax)
    try {
      return await unpacker.unpack(layer, directory, below, bytesMax)
    } catch (error) {
      const isTooLarge = error instanceof RuntimeRefusal && error.message === tooLarge(bytesMax).message
      throw isTooLarge && bytesMax < unpacker.bytesMax ? noRoom(this.of.bytesMax) : error
    }
  }

  #directory(): string {
    const directory = mkdtempSync(join(this.of.staging, 'layer-'))
    chmodSync(directory, 0o755)
    return directory
  }

  async #add(name: string, directory: string, bytes: number): Promise<void> {
    this.#fresh.set(name, directory)
    this.#freshBytes += bytes
    if (this.#freshBytes > unsyncedBytesMax) await this.#keep()
  }

  async #keep(): Promise<void> {
    await this.store.add(this.#fresh)
    this.#fresh.clear()
    this.#freshBytes = 0
  }

  /** What lies over the layers of the image, and what its own files say of its users. */
  async #finish(config: ImageConfig, layers: string[], chain: string | undefined): Promise<Imported> {
    return this.#mounted(layers, async (path) => {
      using mounted = new MountedLayers(path)
      const read = (file: string) => mounted.read(file, bounds.userFileBytes)
      const { workingDirectory, volumes } = config
      const more = volumes.length === 0 ? [] : [volumes]
      const what = JSON.stringify([finishingVersion, chain ?? null, workingDirectory, ...more])
      const name = layerName(chainId('cloche', what)).replace('sha256', 'finishing')
      this.#held.push(this.store.hold(name))
      if (!this.store.has(name)) {
        const directory = this.#directory()
        using top = new PathHandle(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY))
        writeFinishing(top, mounted, config)
        await this.#add(name, directory, 0)
      }
      return {
        config,
        layers: lastOfEach([...layers, name]),
        passwd: read('/etc/passwd'),
        group: read('/etc/group'),
      }
    })
  }

  async #mounted<T>(layers: readonly string[], act: (path: string) => Promise<T>): Promise<T> {
    // An earlier runtime may have been killed in the middle.
    removeMountPoints(this.#at)
    const rootfs = mountLayers(
      this.#at,
      lastOfEach(layers).map((name) => this.#fresh.get(name) ?? this.store.path(name)),
    )
    try {
      return await act(rootfs.path)
    } finally {
      await rootfs[Symbol.asyncDispose]()
    }
  }

  [Symbol.dispose](): void {
    for (const held of this.#held) held[Symbol.dispose]()
  }
}

function assertDigest(sha256: string | undefined, diffId: string): void {
  if (`sha256:${sha256}` === diffId) return
  throw badImage(`a layer has the digest sha256:${sha256} and not ${diffId}, as its configuration says`)
}

/** A layer that comes twice hides all of what it was below, and overlayfs takes each only once. */
const lastOfEach = (names: readonly string[]) => names.filter((name, i) => names.lastIndexOf(name) === i)
