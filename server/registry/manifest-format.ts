import { z } from 'zod'
import { RegistryError } from './error.js'
import { isDigest } from './names.js'

const maxLayers = 1000
/** PostgreSQL has no text with NUL in it. */
const storable = z.string().refine((text) => !text.includes('\0'), 'has a NUL')

/** What a manifest says of what it names. */
export const descriptor = z.object({
  mediaType: storable.min(1).max(256),
  digest: storable.max(256),
  size: z.int().min(0),
  urls: z.array(z.string()).optional(),
  artifactType: storable.max(256).optional(),
})
const described = {
  mediaType: z.string().max(256).optional(),
  subject: descriptor.optional(),
  artifactType: storable.max(256).optional(),
  annotations: z.record(storable, storable).optional(),
}
const image = z.object({
  schemaVersion: z.literal(2),
  config: descriptor,
  layers: z.array(descriptor).max(maxLayers),
  ...described,
})
const index = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptor).max(maxLayers),
  ...described,
})
export const indexTypes = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
])
export const imageTypes = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
])

/** A manifest, checked. @throws RegistryError `MANIFEST_INVALID`, `DIGEST_INVALID` */
export function readManifest(
  mediaType: string,
  content: Buffer,
): z.infer<typeof image> | z.infer<typeof index> {
  const isIndex = indexTypes.has(mediaType)
  if (!isIndex && !imageTypes.has(mediaType)) {
    throw new RegistryError(
      'MANIFEST_INVALID',
      `manifests of the type ${mediaType.slice(0, 100)} are not taken`,
    )
  }
  const text = content.toString()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not JSON')
  }
  const found = (isIndex ? index : image).safeParse(json)
  if (!found.success) {
    const [issue] = found.error.issues
    throw new RegistryError(
      'MANIFEST_INVALID',
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is invalid'}`,
    )
  }
  if (!Buffer.from(text).equals(content))
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not UTF-8')
  const { data } = found
  const digests = 'config' in data ? [data.config, ...data.layers] : data.manifests
  const wrong = digests.find(({ digest }) => !isDigest(digest))
  if (wrong !== undefined)
    throw new RegistryError('DIGEST_INVALID', `${wrong.digest} is not a SHA-256 digest`)
  if (data.mediaType !== undefined && data.mediaType !== mediaType) {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest says that it is of another type')
  }
  return data
}
