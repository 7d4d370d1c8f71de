import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { paxRecord } from '../common/tar/pax.js'

/** An entry of a tar, which may be any nonsense. */
export interface Entry {
  readonly name: string
  /** As in a header: `0` a file, `1` a hard link, `2` a symlink, `3` a character device, `5` a directory. */
  readonly flag?: string
  readonly content?: Buffer | string
  readonly target?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly xattrs?: Readonly<Record<string, Buffer>>
}

/** A directory. */
export const dir = (name: string, over: Omit<Entry, 'name'> = {}): Entry => ({
  name,
  flag: '5',
  mode: 0o755,
  ...over,
})

/** A file. */
export const file = (name: string, content: Buffer | string = '', over: Omit<Entry, 'name'> = {}): Entry => ({
  ...{ name, content, mode: 0o644 },
  ...over,
})

/** A tar of these entries. */
export const tar = (entries: readonly Entry[]): Buffer =>
  Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)])

function blocksOf(entry: Entry): Buffer[] {
  const records = Object.entries(entry.xattrs ?? {}).map(([name, value]) =>
    paxRecord(`SCHILY.xattr.${name}`, value),
  )
  if (Buffer.byteLength(entry.name) > 99) records.push(paxRecord('path', entry.name))
  const pax = Buffer.concat(records)
  const own = [headerOf(entry), padded(Buffer.from(entry.content ?? ''))]
  return pax.length === 0 ? own : [headerOf({ name: 'pax', flag: 'x', content: pax }), padded(pax), ...own]
}

/** A header that says what it is told to, whatever follows it. */
export function headerOf(entry: Entry, sizeBytes = Buffer.from(entry.content ?? '').length): Buffer {
  const { name, flag = '0', target = '', mode = 0o644, uid = 0, gid = 0 } = entry
  const block = Buffer.alloc(512)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(name.slice(0, 100), 0, 'latin1') // so that names can be bytes that are no UTF-8
  octal(mode, 100, 8)
  octal(uid, 108, 8)
  octal(gid, 116, 8)
  if (sizeBytes < 8 ** 11) octal(sizeBytes, 124, 12)
  else {
    block.writeUInt8(0x80, 124)
    block.writeBigUInt64BE(BigInt(sizeBytes), 128)
  }
  octal(1_700_000_000, 136, 12)
  block.write(' '.repeat(8), 148, 'latin1')
  block.write(flag, 156, 'latin1')
  block.write(target, 157)
  block.write('ustar\x0000', 257, 'latin1')
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return block
}

const padded = (content: Buffer) =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)])

export const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** A layer as it is in an archive. */
export interface LayerBlob {
  readonly diffId: string
  readonly blob: Buffer
  readonly mediaType: string
}
export const plainLayer = (entries: readonly Entry[]): LayerBlob => layerOf(tar(entries))
export const gzipLayer = (entries: readonly Entry[]): LayerBlob => {
  const bytes = tar(entries)
  return { ...layerOf(bytes, '+gzip'), blob: gzipSync(bytes) }
}
export const layerOf = (bytes: Buffer, suffix = ''): LayerBlob => ({
  diffId: sha256(bytes),
  blob: bytes,
  mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}`,
})

export const architecture = process.arch === 'x64' ? 'amd64' : process.arch
export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
export const indexType = 'application/vnd.oci.image.index.v1+json'

/** Blobs of an image, and the descriptor of its manifest. */
export interface Built {
  readonly blobs: Map<string, Buffer>
  readonly manifest: Record<string, unknown>
  readonly config: Buffer
  readonly layers: readonly LayerBlob[]
}

/** @param over what its configuration and its manifest say otherwise */
export function image(
  layers: readonly LayerBlob[],
  config: object = {},
  over: { configuration?: object; manifest?: object; layer?: object } = {},
): Built {
  const blobs = new Map<string, Buffer>()
  const add = (bytes: Buffer, mediaType: string) => {
    blobs.set(sha256(bytes), bytes)
    return { mediaType, digest: sha256(bytes), size: bytes.length }
  }
  const configuration = Buffer.from(
    JSON.stringify({
      ...{ architecture, os: 'linux', config },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      ...over.configuration,
    }),
  )
  const described = {
    ...{ schemaVersion: 2, mediaType: manifestType },
    config: add(configuration, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map(({ blob, mediaType }) => ({ ...add(blob, mediaType), ...over.layer })),
    ...over.manifest,
  }
  const manifest = add(Buffer.from(JSON.stringify(described)), manifestType)
  return { blobs, manifest, config: configuration, layers }
}

/** An index as a blob of its own, whose descriptor comes last. */
export function indexOf(manifests: readonly object[]): { blob: Buffer; descriptor: Record<string, unknown> } {
  const blob = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }))
  return { blob, descriptor: { mediaType: indexType, digest: sha256(blob), size: blob.length } }
}

/** The archive of an OCI layout. */
export function layout(
  images: readonly Built[],
  index: readonly object[] = images.map(({ manifest }) => manifest),
  more: readonly Buffer[] = [],
): Buffer {
  const blobs = new Map(images.flatMap(({ blobs }) => [...blobs]))
  for (const blob of more) blobs.set(sha256(blob), blob)
  return tar([
    dir('blobs'),
    dir('blobs/sha256'),
    ...[...blobs].map(([digest, bytes]) => file(`blobs/${digest.replace(':', '/')}`, bytes)),
    file('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    file('index.json', JSON.stringify({ schemaVersion: 2, manifests: index })),
  ])
}

/** What `docker save` wrote until version 25: a directory for each layer, and links to layers that came before. */
export function dockerSave({ config, layers }: Built, tag = 'app:latest'): Buffer {
  const name = sha256(config).slice(7)
  return tar([
    ...layers.flatMap(({ blob, diffId }, i) => {
      const first = layers.findIndex((one) => one.diffId === diffId)
      const inside = `layer${i}/layer.tar`
      return [
        dir(`layer${i}`),
        first === i ? file(inside, blob) : { name: inside, flag: '2', target: `../layer${first}/layer.tar` },
      ]
    }),
    file(`${name}.json`, config),
    file(
      'manifest.json',
      JSON.stringify([
        { Config: `${name}.json`, RepoTags: [tag], Layers: layers.map((_, i) => `layer${i}/layer.tar`) },
      ]),
    ),
  ])
}
