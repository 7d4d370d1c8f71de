import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Logger } from '../../common/log.js'
import { tarEnd, tarHeader, tarPadding } from '../../common/tar/write.js'
import { every } from '../../common/timers.js'

const pieceBytes = 64 * 1024
/** How often is looked whether an archive is taken, and how much must be taken in `over` such times. */
interface Pace {
  readonly everyMs: number
  readonly over: number
  readonly leastBytes: number
}

/**
 * A reader that takes nothing for a minute is gone, whatever its connection says; and one that takes less than a MiB a minute,
 * averaged over five, only holds a place.
 */
const usualPace: Pace = { everyMs: 60_000, over: 5, leastBytes: 5 * 1024 ** 2 }

/** A file of an archive, whose size and digest are known before it is read. */
export interface Member {
  readonly name: string
  readonly sizeBytes: number
  /** Opened when its turn comes. */
  read(): Promise<AsyncIterable<Uint8Array>>
}

/** A blob of an image. */
export interface ArchivedBlob {
  readonly digest: string
  readonly sizeBytes: number
  read(): Promise<AsyncIterable<Uint8Array>>
}

/** An image as `docker load` finds it. */
export interface DockerImage {
  readonly config: string
  readonly layers: readonly string[]
}

export const bytesBlob = (bytes: Uint8Array): ArchivedBlob => ({
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
  read: async () => pieces(bytes),
})

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/**
 * The files of an OCI layout, which is also what `docker save` writes: it has both lists, and a blob of it is there once.
 * @param name of the image in the archive, if it has one
 * @param docker null for what Docker has no form for
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function layoutOf(
  top: { readonly mediaType: string; readonly digest: string; readonly sizeBytes: number },
  blobs: readonly ArchivedBlob[],
  { name, docker }: { readonly name: string | null; readonly docker: DockerImage | null },
): Member[] {
  const { mediaType, digest, sizeBytes: size } = top
  const annotations = name === null ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, ...annotations }] }
  const distinct = new Map(blobs.map((one) => [one.digest, one]))
  return [
    json('oci-layout', { imageLayoutVersion: '1.0.0' }),
    json('index.json', index),
    ...(docker === null
      ? []
      : [
          json('manifest.json', [
            {
              Config: pathOf(docker.config),
              RepoTags: name === null ? null : [name],
              Layers: docker.layers.map(pathOf),
            },
          ]),
        ]),
    ...[...distinct.values()].map((one) => ({ ...one, name: pathOf(one.digest) })),
  ]
}

const pathOf = (digest: string) => `blobs/${digest.replace(':', '/')}`

function json(name: string, content: unknown): Member {
  const bytes = Buffer.from(JSON.stringify(content))
  return { name, sizeBytes: bytes.length, read: async () => pieces(bytes) }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** Of the tar of these files. */
export const archiveBytes = (members: readonly Member[]): number =>
  members.reduce(
    (sum, one) => sum + headerOf(one).length + one.sizeBytes + tarPadding(one.sizeBytes).length,
    tarEnd.length,
  )

/**
 * The tar of these files, made while it is read: one piece of it is in memory. What is not as it was said to be breaks it.
 * @param signal ends it, as does a reader that takes nothing for a minute, or too little
 */
export function archiveOf(
  members: readonly Member[],
  signal: AbortSignal,
  log: Logger,
  { everyMs, over, leastBytes }: Pace = usualPace,
): Readable {
  let taken = 0
  const counted = async function* () {
    for await (const part of packed(members)) {
      yield part
      taken += part.length
    }
  }
  const archive = Readable.from(counted(), { objectMode: false, signal })
  /** How much was taken at each look, the last first. */
  let looks = [0]
  let isFirst = true
  const watching = every(everyMs, 'looking whether an archive is taken', log, () => {
    if (taken === looks[0] && !isFirst) archive.destroy(new Error('nobody takes the archive'))
    isFirst = false
    const then = looks[over - 1]
    if (then !== undefined && taken - then < leastBytes) {
      archive.destroy(new Error('the archive is taken too slowly, or too slow in coming'))
    }
    looks = [taken, ...looks].slice(0, over)
  })
  archive.once('close', () => watching[Symbol.dispose]())
  archive.on('error', () => {}) // whoever reads it hears it
  return archive
}

async function* packed(members: readonly Member[]): AsyncGenerator<Uint8Array> {
  for (const one of members) {
    yield headerOf(one)
    let bytes = 0
    for await (const part of await one.read()) {
      bytes += part.length
      if (bytes > one.sizeBytes) break
      yield part
    }
    if (bytes !== one.sizeBytes) throw new Error(`${one.name} has not the ${one.sizeBytes} bytes that it had`)
    yield tarPadding(one.sizeBytes)
  }
  yield tarEnd
}

const headerOf = ({ name, sizeBytes }: Pick<Member, 'name' | 'sizeBytes'>): Buffer =>
  tarHeader({
    ...{ type: 'file', name: Buffer.from(name), target: Buffer.alloc(0), sizeBytes, xattrs: new Map() },
    ...{ modifiedNs: 0n, mode: 0o644, uid: 0, gid: 0 },
  })
