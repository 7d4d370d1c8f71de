import { mkdtempSync } from 'node:fs'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from '../../protocol/api/index.js'
import { sizes } from '../../protocol/api/index.js'
import { startsSystem } from '../container/system.js'
import { RuntimeRefusal } from '../errors.js'
import { run } from '../linux/spawn.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import { bounds } from './bounds.js'
import { noRoom } from './error.js'
import { type FoundImage, findImage } from './manifest.js'
import { Spool } from './spool.js'
import type { LayerStore } from './store.js'
import type { Unpacker } from './unpack.js'
import { type Imported, Unpacking } from './unpacking.js'
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
    using work = new Unpacking(this.node, this.store, unpacker, { staging, signal, bytesMax })
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
