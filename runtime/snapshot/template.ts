import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeImage, SnapshotTemplate } from '../../protocol/node/index.js'
import type { ImageSettings } from '../container/image-settings.js'
import { identityOf } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
import { blobsOf, isFinishing } from '../image/blobs.js'
import { bounds } from '../image/bounds.js'
import { noRoom } from '../image/error.js'
import { writeTemplate } from '../image/import.js'
import { machine } from '../image/manifest.js'
import type { LayerPackings } from '../image/packing.js'
import type { LayerStore } from '../image/store.js'
import { run } from '../linux/spawn.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SnapshotRecord } from './record.js'
import type { Snapshots } from './snapshots.js'

interface Parts {
  readonly node: Pick<NodeContext, 'disk' | 'diskReserve'>
  readonly snapshots: Snapshots
  readonly store: LayerStore
  readonly packings: LayerPackings
  templates(): ReadonlyMap<string, LocalTemplate>
}

/** The name of the layer that is made of a snapshot's disk: it never changes, so all its templates share one. */
const layerOf = (id: string) => `snapshot-${id}`

/** Templates and images of snapshots. */
export class SnapshotImages {
  constructor(private readonly parts: Parts) {}

  /**
   * Makes a template of a snapshot. Nothing is copied but names: its layer shares its blocks with the snapshot, and lies over the layers
   * that the sandbox was made from.
   * @throws RuntimeRefusal `not_found`, `invalid_request`, `disk_full`, `quota_exceeded`
   */
  async template(name: string, wanted: SnapshotTemplate): Promise<LocalTemplate> {
    const { node, snapshots, store } = this.parts
    const { snapshot, tenantId, description, bytesMax } = wanted
    const { path, record } = snapshots.source(snapshot, tenantId, Number.POSITIVE_INFINITY)
    if (record.layers.length >= bounds.layers) {
      const why = `it would have more than ${bounds.layers} layers: make an image of the snapshot, and build it anew`
      throw new RuntimeRefusal('invalid_request', `no template can be made of the snapshot: ${why}`)
    }
    node.diskReserve.assertCapacity()
    const layers = [...record.layers, layerOf(snapshot)]
    const held = layers.map((layer) => store.hold(layer))
    try {
      const listed = new Set(
        [...this.parts.templates().values()].flatMap((one) => (one.listed ? one.layers : [])),
      )
      const below = await store.bytesOf(record.layers.filter((layer) => !listed.has(layer)))
      const sizeBytes = below + snapshots.sizeOf(snapshot)
      // Before anything is kept of it: a layer that no template has stays for a while.
      if (sizeBytes > bytesMax) throw noRoom(bytesMax)
      if (!store.has(layerOf(snapshot))) await this.#addLayer(snapshot, path)
      const template = { ...this.#describe(record, layers), name, description, sizeBytes }
      await writeTemplate(node.disk, template)
      return template
    } finally {
      for (const one of held) one[Symbol.dispose]()
    }
  }

  /** What an image of a snapshot is made of. @throws RuntimeRefusal `not_found` */
  image(id: string): NodeImage {
    const record = this.parts.snapshots.find(id)
    const image = this.#imageOf(record)
    return {
      ...{ architecture: machine, createdAt: record.createdAt, config: configOf(image) },
      layers: record.layers.filter((name) => !isFinishing(name)).map((name) => this.#layer(name)),
    }
  }

  /** What an image of a template is made of. @throws RuntimeRefusal `not_found` */
  imageOfTemplate(name: string): NodeImage {
    const template = this.#template(name)
    const image = template.image ?? { ...noDescription, ...settingsOf(null) }
    return {
      ...{ architecture: machine, createdAt: template.builtAt, config: configOf(image) },
      layers: template.layers.filter((one) => !isFinishing(one)).map((one) => this.#layer(one)),
    }
  }

  /** One of its layers as a tar. @param layer null for its own. @throws RuntimeRefusal `not_found` */
  async *pack(id: string, layer: string | null): AsyncGenerator<Uint8Array> {
    const { snapshots, packings } = this.parts
    const { layers, tenantId } = snapshots.find(id)
    if (layer !== null) return yield* packings.pack(upTo(layers, layer))
    yield* packings.pack(layers, snapshots.source(id, tenantId, Number.POSITIVE_INFINITY).path)
    // One that was deleted meanwhile may lack anything.
    snapshots.find(id)
  }

  /** The same of a template. */
  packTemplate(name: string, layer: string): AsyncGenerator<Uint8Array> {
    return this.parts.packings.pack(upTo(this.#template(name).layers, layer))
  }

  #template(name: string): LocalTemplate {
    const template = this.parts.templates().get(name)
    if (template === undefined) throw new RuntimeRefusal('not_found', `there is no template ${name}`)
    return template
  }

  #layer = (name: string) => ({ name, blobs: blobsOf(this.parts.store, name) })

  async #addLayer(id: string, volume: string): Promise<void> {
    const { store, snapshots } = this.parts
    const staging = mkdtempSync(join(store.ingest, 'snapshot-'))
    try {
      const directory = join(staging, 'layer')
      const upper = join(volume, 'upper')
      await run('cp', ['--archive', '--reflink=auto', '--no-target-directory', upper, directory])
      // One that was deleted meanwhile may lack anything.
      snapshots.find(id)
      await store.add(new Map([[layerOf(id), directory]]))
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  }

  #describe(record: SnapshotRecord, layers: string[]): Omit<LocalTemplate, 'name' | 'description'> {
    const from = this.parts.templates().get(record.template)
    const digest = createHash('sha256').update(JSON.stringify(layers)).digest('hex')
    return {
      ...{ layers, defaults: record.limits, system: record.system, languages: [] },
      isolation: record.system ? ['standard'] : (from?.isolation ?? ['standard', 'hardened']),
      idle: from?.idle ?? null,
      ...{ builtAt: new Date().toISOString(), listed: false, sizeBytes: null },
      image: { ...this.#imageOf(record), digest: `sha256:${digest}`, reference: null },
    }
  }

  /** What the image said that its sandbox was made from. */
  #imageOf(record: SnapshotRecord) {
    const from = this.parts.templates().get(record.template)?.image ?? noDescription
    const { entrypoint, cmd, labels, ports, healthcheck, volumes } = from
    return { ...settingsOf(record.image), ...{ entrypoint, cmd, labels, ports, healthcheck, volumes } }
  }
}

const noDescription = {
  entrypoint: [],
  cmd: [],
  labels: {},
  ports: [],
  healthcheck: null,
  volumes: [],
  digest: '',
  reference: null,
}

/** Of a template that was built from a recipe, what its sandboxes are. */
function settingsOf(image: ImageSettings | null): ImageSettings {
  if (image !== null) return image
  const { name, uid, gid, groups, home, env, cwd } = identityOf('user', null)
  return {
    user: { name, uid, gid, groups: [...groups], home },
    ...{ rootHome: identityOf('root', null).home, env, workingDirectory: cwd, stopSignal: 'SIGTERM' },
  }
}

type Described = ImageSettings &
  Pick<NodeImage['config'], 'entrypoint' | 'cmd' | 'labels' | 'ports' | 'healthcheck' | 'volumes'>

function configOf({ user, env, workingDirectory, stopSignal, ...image }: Described): NodeImage['config'] {
  const { entrypoint, cmd, labels, ports, healthcheck, volumes } = image
  // A name brings the groups along that the image's own files give it.
  const isNamed = !/^\d+$/.test(user.name)
  const stated = isNamed ? user.name : `${user.uid}:${user.gid}`
  return {
    ...{ entrypoint, cmd, labels, ports, healthcheck, volumes, env, workingDirectory, stopSignal },
    user: user.uid === 0 && user.gid === 0 ? '' : stated,
  }
}

/** A layer with those below it. */
function upTo(layers: readonly string[], layer: string): readonly string[] {
  const at = layers.indexOf(layer)
  if (at < 0) throw new RuntimeRefusal('not_found', `there is no layer ${layer}`)
  return layers.slice(0, at + 1)
}
