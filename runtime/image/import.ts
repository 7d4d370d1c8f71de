import { chmodSync, constants, mkdtempSync, openSync } from 'node:fs'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Limits } from '../../protocol/api/index.js'
import { sizes } from '../../protocol/api/index.js'
import { startsSystem } from '../container/system.js'
import { RuntimeRefusal } from '../errors.js'
import { PathHandle } from '../files/root.js'
import { run } from '../linux/spawn.js'
import { mountLayers, removeMountPoints } from '../rootfs/rootfs.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import { MountedLayers } from './below.js'
import { rememberBlob } from './blobs.js'
import { bounds } from './bounds.js'
import { type ImageConfig, readConfig } from './config.js'
import { badImage, noRoom } from './error.js'
import { finishingVersion, writeFinishing } from './finishing.js'
import { tooLarge } from './layer.js'
import { type FoundImage, type FoundLayer, findImage } from './manifest.js'
import { Spool } from './spool.js'
import { chainId, type LayerStore, layerName } from './store.js'
import type { LayerJob } from './thread.js'
import type { Unpacker } from './unpack.js'
import { userOf } from './users.js'

/** What an image is to become. */
export interface ImportRequest {
  readonly name: string
  /** Which image of the archive, where it has several. */
  readonly reference?: string | undefined
  readonly description?: string | undefined
  readonly defaults?: Limits | undefined
  /** Whether everybody is told of it; true if absent. */
  readonly listed?: boolean | undefined
  /** Of its files, with their holes. */
  readonly bytesMax?: number | undefined
}

/** What an archive has besides the files of its layers: headers, padding, manifests. */
const archiveOverheadBytes = 64 * 1024 ** 2

/** Of those that keep a template from being deleted. */
const shownUsers = 5

/** Makes templates of images that are sent as an archive: an OCI layout, or what `docker save` writes. */
export class Imports {
  /** Those that are taken in at this moment. */
  #archives = 0
  /** The one that is unpacked. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly node: Pick<NodeContext, 'disk' | 'scratch' | 'diskReserve' | 'log'>,
    private readonly store: LayerStore,
    private readonly unpacker: () => Unpacker,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
  ) {}

  /**
   * Takes an image in from an archive, and writes its template. Each layer is whole in the store or not at all, so what was
   * finished before an interruption is not unpacked again.
   * @throws RuntimeRefusal `invalid_request`, `conflict`, `disk_full`, `quota_exceeded`
   */
  import(
    request: ImportRequest,
    archive: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<LocalTemplate> {
    const { bytesMax, reference } = request
    return this.make(request, signal, async (staging) => {
      const spool = new Spool(staging, bytesMax === undefined ? undefined : bytesMax + archiveOverheadBytes)
      await spool.take(archive, () => this.node.diskReserve.assertCapacity())
      return findImage(spool, reference)
    })
  }

  /**
   * The same of an image that is there.
   * @param find gives it; what it needs on the disk until it is unpacked it puts into the directory
   */
  async make(
    request: ImportRequest,
    signal: AbortSignal,
    find: (staging: string) => Promise<FoundImage>,
  ): Promise<LocalTemplate> {
    const known = this.templates().get(request.name)
    if (known !== undefined && known.image === null) {
      throw new RuntimeRefusal('conflict', `the template ${request.name} is built from a recipe`)
    }
    if (this.#archives >= bounds.archives) {
      throw new RuntimeRefusal('conflict', 'too many images are being imported on this node', 5)
    }
    this.node.diskReserve.assertCapacity()
    this.#archives++
    const staging = mkdtempSync(join(this.store.ingest, 'import-'))
    try {
      const image = await find(staging)
      return await this.#inTurn(() => this.#unpack(request, image, staging, signal))
    } finally {
      this.#archives--
      await rm(staging, { recursive: true, force: true })
    }
  }

  /** One image at a time is unpacked: a second would make both slower, and their layers may be the same. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(act)
    this.#last = mine.catch(() => {})
    return mine
  }

  async #unpack(
    request: ImportRequest,
    image: FoundImage,
    staging: string,
    signal: AbortSignal,
  ): Promise<LocalTemplate> {
    signal.throwIfAborted()
    await using unpacker = this.unpacker()
    const stop = () => void unpacker[Symbol.asyncDispose]()
    signal.addEventListener('abort', stop, { once: true })
    const { bytesMax = Number.POSITIVE_INFINITY } = request
    using work = new Work(this.node, this.store, unpacker, { staging, signal, bytesMax })
    const imported = await work.run(image)
    const shared = new Set([...this.templates().values()].flatMap((one) => (one.listed ? one.layers : [])))
    const sizeBytes = await this.store.bytesOf(imported.layers.filter((name) => !shared.has(name)))
    if (sizeBytes > bytesMax) throw noRoom(bytesMax)
    const template = { ...templateOf(request, image, imported), sizeBytes }
    await writeTemplate(this.node.disk, template)
    return template
  }

  /**
   * Deletes a template that was imported. One that is gone already is no error. Its layers are collected when nothing uses them.
   * @param users who uses a template and keeps it, in words
   * @throws RuntimeRefusal `conflict` when somebody does, or it is built from a recipe
   */
  async remove(name: string, users: readonly string[]): Promise<void> {
    const known = this.templates().get(name)
    if (known === undefined) return
    if (known.image === null)
      throw new RuntimeRefusal('conflict', `the template ${name} is built from a recipe`)
    if (users.length > 0) {
      const more = users.length > shownUsers ? ` and ${users.length - shownUsers} more` : ''
      const shown = users.slice(0, shownUsers).join(', ')
      throw new RuntimeRefusal('conflict', `the template ${name} is used by ${shown}${more}`)
    }
    await rm(join(this.node.disk, 'templates', `${name}.json`), { force: true })
  }
}

/** Writes what a template is. It is there whole after a crash of the host, with its layers, or as it was. */
export async function writeTemplate(disk: string, template: LocalTemplate): Promise<void> {
  await run('sync', ['--file-system', disk])
  const file = join(disk, 'templates', `${template.name}.json`)
  await writeFile(`${file}.new`, JSON.stringify(template))
  {
    await using written = await open(`${file}.new`, 'r')
    await written.sync()
  }
  await rename(`${file}.new`, file)
}

interface Imported {
  readonly config: ImageConfig
  readonly layers: string[]
  readonly passwd: string
  readonly group: string
}

/** Layers that are unpacked and not on the disk yet are put there together: each time takes a tenth of a second. */
const unsyncedBytesMax = 64 * 1024 ** 2

/** One import: the layers that it uses are held until its template is written. */
class Work implements Disposable {
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

function templateOf(request: ImportRequest, image: FoundImage, imported: Imported): LocalTemplate {
  const { config, layers, passwd, group } = imported
  const system = startsSystem([...config.entrypoint, ...config.cmd][0])
  return {
    name: request.name,
    description: request.description ?? `the image ${image.reference ?? image.digest}`.slice(0, 200),
    ...{
      layers,
      defaults: request.defaults ?? sizes.medium,
      isolation: system ? ['standard'] : ['standard', 'hardened'],
      languages: [],
      system,
    },
    ...{ idle: null, builtAt: new Date().toISOString(), listed: request.listed ?? true, sizeBytes: null },
    image: {
      ...{ digest: image.digest, reference: image.reference },
      ...{ entrypoint: [...config.entrypoint], cmd: [...config.cmd] },
      ...{ labels: { ...config.labels }, ports: [...config.ports], healthcheck: config.healthcheck },
      volumes: [...config.volumes],
      user: userOf(config.user, passwd, group),
      rootHome: userOf('0', passwd, group).home,
      ...{ env: { ...config.env }, workingDirectory: config.workingDirectory, stopSignal: config.stopSignal },
    },
  }
}

/** The archive as it is, of what may have been compressed with gzip as a whole. */
export async function* plainArchive(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done) throw badImage('the archive is empty')
  const rest = (async function* () {
    yield first.value
    yield* { [Symbol.asyncIterator]: () => iterator }
  })()
  const head = Buffer.from(first.value)
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const gunzip = createGunzip()
    const source = Readable.from(rest)
    source.on('error', (error) => gunzip.destroy(error))
    yield* source.pipe(gunzip)
  } else yield* rest
}
