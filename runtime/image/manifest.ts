import { z } from 'zod'
import { bounds } from './bounds.js'
import { badImage } from './error.js'
import { parsed } from './json.js'
import type { Spool, SpooledFile } from './spool.js'

/** Where an image's files are found by their names in an archive, or by their digests. */
export type Files = Pick<Spool, 'find' | 'blob' | 'read'>

/** How a layer is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd'

/** A layer as an archive has it. */
export interface FoundLayer {
  readonly file: SpooledFile
  /** As its media type says; undefined where nobody says. */
  readonly compression: Compression | undefined
}

/** An image that was found in an archive: checked against what its manifest says, but for its layers' content. */
export interface FoundImage {
  readonly digest: string
  readonly reference: string | null
  readonly config: Buffer
  readonly layers: readonly FoundLayer[]
}

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is not a SHA-256 digest')
const annotations = z.record(z.string(), z.string()).default({}).catch({})
const descriptor = z.object({
  mediaType: z.string().max(256),
  digest,
  size: z.int().min(0),
  annotations,
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
})
type Descriptor = z.infer<typeof descriptor>
const index = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor).max(1000) })
const manifest = z.object({
  schemaVersion: z.literal(2),
  config: descriptor,
  layers: z.array(descriptor).max(bounds.layers, `has more than ${bounds.layers} layers`),
})
const dockerArchive = z
  .array(
    z.object({
      Config: z.string(),
      RepoTags: z.array(z.string()).nullish(),
      Layers: z.array(z.string()).max(bounds.layers, `has more than ${bounds.layers} layers`),
    }),
  )
  .max(1000)
const platformOf = z.object({ os: z.string().default('linux'), architecture: z.string() })

const indexTypes = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
])
const manifestTypes = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
])
const configTypes = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])
const layerTypes: Readonly<Record<string, Compression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
}
const referenceKeys = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const

/** This machine, in the words of images. */
export const machine = process.arch === 'x64' ? 'amd64' : process.arch

/**
 * The one image of an archive that is for this machine: of an OCI layout, or of what `docker save` writes.
 * @param reference which one, where there are several
 * @throws RuntimeRefusal `invalid_request`
 */
export async function findImage(spool: Files, reference: string | undefined): Promise<FoundImage> {
  const layout = spool.find('index.json')
  if (layout !== undefined) return new Layout(spool).find(layout, reference)
  const list = spool.find('manifest.json')
  if (list !== undefined) return findDocker(spool, list, reference)
  throw badImage('the archive is neither an OCI layout (index.json) nor from docker save (manifest.json)')
}

class Layout {
  constructor(private readonly spool: Files) {}

  async find(file: SpooledFile, wanted: string | undefined): Promise<FoundImage> {
    const { manifests } = parsed(index, await this.spool.read(file, 'index.json'), 'index.json')
    const named = manifests.filter((one) => wanted === undefined || isNamed(one, wanted))
    if (named.length === 0) throw badImage(noSuch(wanted, manifests.flatMap(namesOf)))
    const seen = { foreign: new Set<string>() }
    const found: { image: Descriptor; reference: string | null }[] = []
    for (const one of named) {
      for (const image of await this.#forThisMachine(one, 1, seen)) {
        found.push({ image, reference: namesOf(one)[0] ?? null })
      }
    }
    const distinct = new Map(found.map((one) => [one.image.digest, one]))
    const [first] = distinct.values()
    if (first === undefined) {
      const others = [...seen.foreign].join(', ') || 'none'
      throw badImage(`it has nothing for linux/${machine}; it has: ${others}`)
    }
    if (distinct.size > 1) throw badImage(severalOf(manifests.flatMap(namesOf)))
    return this.#image(first.image, first.reference)
  }

  async #forThisMachine(
    one: Descriptor,
    depth: number,
    seen: { foreign: Set<string> },
  ): Promise<Descriptor[]> {
    const { platform } = one
    if (platform !== undefined && !(platform.os === 'linux' && platform.architecture === machine)) {
      // What says of how an image was built is listed as one for an unknown machine.
      if (platform.os !== 'unknown') seen.foreign.add(`${platform.os}/${platform.architecture}`)
      return []
    }
    if (indexTypes.has(one.mediaType)) {
      if (depth >= bounds.depth) throw badImage('its indexes are nested too deeply')
      const { manifests } = parsed(index, await this.#blob(one, 'an index'), 'an index')
      const found: Descriptor[] = []
      for (const inner of manifests) found.push(...(await this.#forThisMachine(inner, depth + 1, seen)))
      return found
    }
    if (!manifestTypes.has(one.mediaType))
      throw badImage(`it has a manifest of the type ${JSON.stringify(one.mediaType)}`)
    if (platform !== undefined) return [one]
    const { config } = parsed(manifest, await this.#blob(one, 'a manifest'), 'a manifest')
    const own = parsed(platformOf, await this.#blob(config, 'a configuration'), 'a configuration')
    if (own.os === 'linux' && own.architecture === machine) return [one]
    seen.foreign.add(`${own.os}/${own.architecture}`)
    return []
  }

  async #image(one: Descriptor, reference: string | null): Promise<FoundImage> {
    const { config, layers } = parsed(manifest, await this.#blob(one, 'the manifest'), 'the manifest')
    if (!configTypes.has(config.mediaType)) {
      throw badImage(
        `it is no image of a system: its configuration is of the type ${JSON.stringify(config.mediaType)}`,
      )
    }
    return {
      digest: one.digest,
      reference,
      config: await this.#blob(config, 'the configuration'),
      layers: layers.map((layer) => {
        const compression = layerTypes[layer.mediaType]
        if (compression === undefined) {
          throw badImage(`the layer ${layer.digest} is of the type ${JSON.stringify(layer.mediaType)}`)
        }
        return { file: this.#file(layer, 'a layer'), compression }
      }),
    }
  }

  #blob(of: Descriptor, what: string): Promise<Buffer> {
    return this.spool.read(this.#file(of, what), what)
  }

  #file(of: Descriptor, what: string): SpooledFile {
    const file = this.spool.blob(of.digest)
    if (file === undefined) throw badImage(`${what} is missing in the archive: ${of.digest}`)
    if (file.bytes !== of.size) {
      throw badImage(`${what} has ${file.bytes} bytes and not the ${of.size} that are stated: ${of.digest}`)
    }
    return file
  }
}

async function findDocker(spool: Files, list: SpooledFile, wanted: string | undefined): Promise<FoundImage> {
  const images = parsed(dockerArchive, await spool.read(list, 'manifest.json'), 'manifest.json')
  const names = images.flatMap(({ RepoTags }) => RepoTags ?? [])
  const found = images.filter(
    ({ RepoTags }) => wanted === undefined || RepoTags?.some((tag) => isName(tag, wanted)),
  )
  const [image] = found
  if (image === undefined) throw badImage(noSuch(wanted, names))
  if (found.length > 1) throw badImage(severalOf(names))
  const fileOf = (name: string, what: string) => {
    const file = spool.find(name)
    if (file === undefined)
      throw badImage(`${what} is missing in the archive: ${JSON.stringify(name.slice(0, 200))}`)
    return file
  }
  const configFile = fileOf(image.Config, 'the configuration')
  return {
    digest: `sha256:${configFile.sha256}`,
    reference: image.RepoTags?.[0] ?? null,
    config: await spool.read(configFile, 'the configuration'),
    layers: image.Layers.map((name) => ({ file: fileOf(name, 'a layer'), compression: undefined })),
  }
}

const namesOf = (one: Descriptor): string[] =>
  referenceKeys.flatMap((key) => one.annotations[key] ?? []).slice(0, 1)
const isNamed = (one: Descriptor, wanted: string) =>
  one.digest === wanted || referenceKeys.some((key) => isName(one.annotations[key] ?? '', wanted))
/** `alpine` is what Docker calls `docker.io/library/alpine:latest`. */
const isName = (name: string, wanted: string) => name === wanted || plain(name) === plain(wanted)
const plain = (name: string) =>
  name
    .replace(/^docker\.io\//, '')
    .replace(/^library\//, '')
    .replace(/:latest$/, '')
const shown = (names: readonly string[]) => [...new Set(names)].slice(0, 20).join(', ') || 'none has a name'
const noSuch = (wanted: string | undefined, names: readonly string[]) =>
  wanted === undefined
    ? 'the archive is empty'
    : `the archive has no image ${wanted.slice(0, 200)}; it has: ${shown(names)}`
const severalOf = (names: readonly string[]) =>
  `the archive has several images: name one by reference (${shown(names)})`
