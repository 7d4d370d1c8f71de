import { z } from 'zod'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Blobs } from '../registry/blobs.js'
import { type descriptor, imageTypes, readManifest } from '../registry/manifest-format.js'
import type { Manifests } from '../registry/manifests.js'
import { imageOf } from '../registry/names.js'
import { type ArchivedBlob, bytesBlob, type DockerImage, digestOf, layoutOf, type Member } from './archive.js'

/** Of one archive. */
const maxBlobs = 10_000
/** What Docker takes for the configuration of an image. */
const configTypes = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])
/** This machine, in the words of images. */
const machine = process.arch === 'x64' ? 'amd64' : process.arch
const childTypes = z.object({
  manifests: z.array(
    z.object({
      digest: z.string(),
      mediaType: z.string(),
      platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
    }),
  ),
})
type Descriptor = z.infer<typeof descriptor>

interface Parts {
  readonly database: Database
  readonly blobs: Blobs
  readonly manifests: Manifests
}

/**
 * The files of an image of the tenant's registry, as it was pushed: nothing is unpacked or compressed anew, so digests stay. Of an index
 * those manifests that are there.
 * @throws RegistryError, ApiError `conflict` when a blob was deleted
 */
export async function registryImage(
  { database, blobs, manifests }: Parts,
  who: Principal,
  image: string,
): Promise<Member[]> {
  const { repository, reference } = imageOf(image)
  const top = await manifests.get(who, repository, reference)
  const content = Buffer.from(top.content)
  const parsed = readManifest(top.mediaType, content)
  const found = [bytesBlob(content)]
  const wanted: Descriptor[] = []
  let docker: DockerImage | null = null
  if ('config' in parsed) {
    wanted.push(parsed.config, ...parsed.layers)
    docker = dockerOf(parsed)
  } else {
    const described = new Map(
      childTypes.parse(JSON.parse(content.toString())).manifests.map((one) => [one.digest, one]),
    )
    for (const child of await manifests.children(who, repository, top)) {
      const bytes = Buffer.from(child)
      const about = described.get(digestOf(bytes))
      if (about === undefined || !imageTypes.has(about.mediaType)) {
        throw new ApiError(
          'invalid_request',
          'the image has indexes in its index; name one image by its digest',
        )
      }
      const inner = readManifest(about.mediaType, bytes)
      if (!('config' in inner)) continue
      found.push(bytesBlob(bytes))
      wanted.push(inner.config, ...inner.layers)
      const { platform } = about
      if (platform?.os === 'linux' && platform.architecture === machine) docker ??= dockerOf(inner)
    }
  }
  const sizes = await sizesOf(database, who.tenantId, repository, wanted)
  const distinct = new Map(wanted.map((one) => [one.digest, one]))
  for (const { digest, size, urls = [] } of distinct.values()) {
    if (sizes.get(digest) === size) {
      const read = () => blobs.read(who, repository, digest, undefined)
      found.push({ digest, sizeBytes: size, read })
    } else if (urls.length === 0) {
      throw new ApiError('conflict', `the blob ${digest} of the image was deleted; push the image once more`)
    }
  }
  const there = new Set(found.map(({ digest }) => digest))
  const isWhole = docker !== null && [docker.config, ...docker.layers].every((one) => there.has(one))
  const name = reference.includes(':') ? null : `${repository}:${reference}`
  return layoutOf(topOf(top, found[0]), found, { name, docker: isWhole ? docker : null })
}

const topOf = ({ mediaType, digest }: { mediaType: string; digest: string }, blob?: ArchivedBlob) => ({
  ...{ mediaType, digest, sizeBytes: blob?.sizeBytes ?? 0 },
})

/** @returns null for what is no image of a system */
function dockerOf({ config, layers }: { config: Descriptor; layers: readonly Descriptor[] }) {
  if (!configTypes.has(config.mediaType)) return null
  return { config: config.digest, layers: layers.map(({ digest }) => digest) }
}

async function sizesOf(
  { pool }: Database,
  tenantId: string,
  repository: string,
  wanted: readonly Descriptor[],
): Promise<ReadonlyMap<string, number>> {
  const digests = [...new Set(wanted.map(({ digest }) => digest))]
  if (digests.length > maxBlobs) {
    throw new ApiError(
      'invalid_request',
      `the image has more than ${maxBlobs} blobs; name one of its platforms`,
    )
  }
  const { rows } = await pool.query<{ digest: string; bytes: number }>(
    `SELECT digest, "sizeBytes"::FLOAT8 AS bytes FROM registry_blob
     WHERE "tenantId" = $1 AND repository = $2 AND digest = ANY($3) AND ready`,
    [tenantId, repository, digests],
  )
  return new Map(rows.map((row) => [row.digest, row.bytes]))
}
