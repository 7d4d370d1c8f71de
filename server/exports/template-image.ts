import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { type NodeImage, nodeImage } from '../../protocol/node/index.js'
import { configOf, configType, manifestOf, manifestType } from '../registry/image-json.js'
import { hashed } from '../registry/snapshot-image.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { type ArchivedBlob, bytesBlob, layoutOf, type Member } from './archive.js'

/** Of a layer: as many as an import takes. What is shared on the disk is written out in a tar. */
const layerBytesMax = 32 * 1024 ** 3
const layerType = 'application/vnd.oci.image.layer.v1.tar'

/**
 * The files of an image of a template. A tar says first how large a file is, and its name is its digest: so each layer is read twice, and
 * the second time it must be the same. Nothing is written anywhere.
 * @param nodeName what the node calls it
 */
export async function templateImage(
  runtime: RuntimeClient,
  { name, nodeName }: { readonly name: string; readonly nodeName: string },
  signal: AbortSignal,
): Promise<Member[]> {
  const made = await runtime.ask('GET', `/templates/${nodeName}/image`, nodeImage)
  const open = (layer: string) =>
    runtime.stream('GET', `/templates/${nodeName}/layers/${layer}`, {}, undefined, signal)
  const layers: ArchivedBlob[] = []
  for (const layer of made.layers) layers.push(await blobOf(() => open(layer.name)))
  const config = bytesBlob(Buffer.from(JSON.stringify(jsonOf(made, layers, name))))
  const described = layers.map((one) => ({ ...one, mediaType: layerType }))
  const manifest = bytesBlob(
    Buffer.from(JSON.stringify(manifestOf({ ...config, mediaType: configType }, described))),
  )
  return layoutOf({ ...manifest, mediaType: manifestType }, [manifest, config, ...layers], {
    name: `${name.replace(/-+$/, '')}:latest`,
    docker: { config: config.digest, layers: layers.map(({ digest }) => digest) },
  })
}

async function blobOf(open: () => Promise<Readable>): Promise<ArchivedBlob> {
  let sizeBytes = 0
  const hash = createHash('sha256')
  for await (const part of hashed(await open(), hash, layerBytesMax)) sizeBytes += part.length
  const digest = `sha256:${hash.digest('hex')}`
  return { digest, sizeBytes, read: async () => checked(await open(), digest) }
}

async function* checked(content: Readable, digest: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  yield* hashed(content, hash)
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error('a layer is not what it was a moment ago')
}

function jsonOf(made: NodeImage, layers: readonly ArchivedBlob[], name: string) {
  const diffs = layers.map(({ digest }) => ({ diffId: digest }))
  return configOf(
    made,
    diffs,
    layers.map(() => `the template ${name}`),
  )
}
