import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { CreateSnapshotImage, PushedImage } from '../../protocol/api/index.js'
import { type LayerBlob, type NodeImage, nodeImage, ownLayer } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMayPublish } from '../auth/copies.js'
import { assertMay, ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Blobs } from './blobs.js'
import { RegistryError } from './error.js'
import { configOf, configType, manifestOf, manifestType } from './image-json.js'
import type { Manifests } from './manifests.js'
import { imageOf } from './names.js'

/** At the same time: each compresses as fast as a core can. */
const [maxOfServer, maxOfTenant] = [4, 1]
/** What is gained by more takes several times as long. */
const gzipLevel = 1
/** Of a layer before it is compressed: as many as an import takes. What is shared on the disk is written out in a tar. */
const layerBytesMax = 32 * 1024 ** 3
const longestMs = 2 * 3600 * 1000
const nothing = z.unknown()
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** Images of snapshots, which are put into the registry as if they had been pushed. */
export class SnapshotImages {
  /** Of which tenants one is being made. */
  readonly #busy: string[] = []

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly blobs: Blobs,
    private readonly manifests: Manifests,
    private readonly log: Logger,
  ) {}

  /**
   * Makes an image of a snapshot. Layers that the tenant's registry has are used again; what the disk has beyond its template becomes a
   * layer of its own. Until its manifest is there nothing can be pulled; layers of what was ended in between are forgotten after a day.
   * @param aborted ends it
   * @throws ApiError `invalid_request`, `not_found`, `quota_exceeded`, `conflict`
   */
  async make(
    who: Principal,
    id: string,
    { image }: CreateSnapshotImage,
    aborted: AbortSignal,
  ): Promise<PushedImage> {
    assertMay(who, 'snapshot.read')
    assertMay(who, 'image.push')
    const { prisma } = this.database
    const row = ofTenant(who, await prisma.snapshot.findUnique({ where: { id } }), 'snapshot')
    if (!row.ready) throw notFound('snapshot')
    assertMayPublish(who, row.ownerId, 'an image')
    const leave = this.#enter(who.tenantId)
    const late = AbortSignal.timeout(longestMs)
    aborted = AbortSignal.any([aborted, late])
    try {
      const { repository, reference } = placeOf(image)
      const runtime = await this.nodes.reach(row.nodeId)
      const source = { runtime, path: `/snapshots/${id}`, repository }
      const made = await runtime.ask('GET', `/snapshots/${id}/image`, nodeImage)
      const layers: LayerBlob[] = []
      for (const layer of made.layers) layers.push(await this.#layer(who, source, layer, aborted))
      const own = { name: ownLayer, blobs: [] }
      layers.push(await this.#layer(who, source, own, aborted))
      const steps = [...made.layers.map(() => 'the template of the sandbox'), `the snapshot ${row.name}`]
      const config = Buffer.from(JSON.stringify(configOf(made, layers, steps)))
      const described = await this.#push(who, repository, Readable.from([config]), aborted)
      const manifest = Buffer.from(
        JSON.stringify(manifestOf({ ...described, mediaType: configType }, layers)),
      )
      const { digest } = await this.manifests.put(who, repository, reference, manifestType, manifest)
      await audit(prisma, who, 'snapshot.image', id, { name: row.name, repository, reference, digest })
      const sizeBytes = layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
      return { image: `${repository}:${reference}`, digest, sizeBytes, layers: layers.length }
    } catch (error) {
      throw late.aborted
        ? new ApiError('conflict', 'to make this image took longer than 2 hours')
        : told(error)
    } finally {
      leave()
    }
  }

  #enter(tenantId: string): () => void {
    const ofTenant = this.#busy.filter((one) => one === tenantId).length
    if (ofTenant >= maxOfTenant || this.#busy.length >= maxOfServer) {
      throw new ApiError(
        'conflict',
        'an image of a snapshot is being made already; try again when it is done',
        10,
      )
    }
    this.#busy.push(tenantId)
    return () => void this.#busy.splice(this.#busy.indexOf(tenantId), 1)
  }

  /** A layer as a blob of the repository: one that is known, or a new one. */
  async #layer(
    who: Principal,
    { runtime, path, repository }: Source,
    { name, blobs }: NodeImage['layers'][number],
    aborted: AbortSignal,
  ): Promise<LayerBlob> {
    for (const blob of blobs) if (await this.blobs.mount(who, repository, blob.digest, null)) return blob
    const diff = createHash('sha256')
    const tar = await runtime.stream('GET', `${path}/layers/${name}`, {}, undefined, aborted)
    const gzip = createGzip({ level: gzipLevel, chunkSize: 128 * 1024 })
    const raw = (content: AsyncIterable<Buffer>) => hashed(content, diff, layerBytesMax)
    const compressed = pipeline(tar, raw, gzip, { signal: aborted })
    compressed.catch(() => {}) // told by what reads it
    try {
      const pushed = await this.#push(who, repository, gzip, aborted)
      await compressed
      const blob = { ...pushed, diffId: `sha256:${diff.digest('hex')}`, mediaType: layerType }
      // Of the snapshot's own layer there is none on the node.
      if (name !== ownLayer) await runtime.ask('PUT', `/layers/${name}/blob`, nothing, {}, blob)
      return blob
    } catch (error) {
      if (aborted.aborted || error instanceof ApiError || error instanceof RegistryError) throw error
      this.log.warn({ err: error, id: path }, 'an image of a snapshot was not finished')
      const why = 'the snapshot could not be read to its end: it was deleted, or its node has stopped'
      throw new ApiError('conflict', why, 10)
    } finally {
      tar.destroy()
      gzip.destroy()
    }
  }

  /** Takes in a blob whose digest is known only when all of it has come. */
  async #push(who: Principal, repository: string, content: Readable, aborted: AbortSignal) {
    const whole = createHash('sha256')
    const upload = await this.blobs.begin(who, repository)
    const body = Readable.from(hashed(content, whole), { objectMode: false })
    body.on('error', () => {}) // told by what reads it, if anything does yet
    const stop = () => body.destroy(new Error('nobody waits for it any more'))
    aborted.addEventListener('abort', stop, { once: true })
    try {
      aborted.throwIfAborted()
      const sizeBytes = await this.blobs.append(who, upload, 0, body)
      aborted.throwIfAborted()
      const digest = `sha256:${whole.digest('hex')}`
      await this.blobs.finish(who, upload, digest)
      return { digest, sizeBytes }
    } catch (error) {
      await this.blobs.cancel(upload)
      throw error
    } finally {
      aborted.removeEventListener('abort', stop)
    }
  }
}

interface Source {
  readonly runtime: RuntimeClient
  /** Of what is on the node. */
  readonly path: string
  readonly repository: string
}

/** @throws ApiError `invalid_request` when there are more than `bytesMax` */
export async function* hashed(
  content: AsyncIterable<Buffer>,
  hash: Hash,
  bytesMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const part of content) {
    bytes += part.length
    if (bytes > bytesMax) {
      throw new ApiError(
        'invalid_request',
        `a layer of an image has at most ${bytesMax / 1024 ** 3} GiB, and what this disk holds is more`,
      )
    }
    hash.update(part)
    yield part
  }
}

/** @throws ApiError `invalid_request` */
function placeOf(image: string): { repository: string; reference: string } {
  const place = imageOf(image)
  if (!place.reference.includes(':')) return place
  throw new ApiError('invalid_request', 'give the image a tag: its digest is known when it is there')
}

/** What the registry refuses, in the words of the API. */
export function told(error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error
  if (error.code === 'DENIED') return new ApiError('quota_exceeded', error.message)
  if (error.code === 'TOOMANYREQUESTS') return new ApiError('conflict', error.message, 10)
  return new ApiError('invalid_request', error.message)
}
