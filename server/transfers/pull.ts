import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Principal } from '../auth/principal.js'
import { ApiError } from '../errors.js'
import { OutboundFailed, OutboundRefused } from '../outbound/http.js'
import { steady, TooLong, wholeOf } from '../outbound/text.js'
import type { Blobs } from '../registry/blobs.js'
import type { Upload } from '../registry/counting.js'
import { RegistryError } from '../registry/error.js'
import { imageTypes, indexTypes, readManifest } from '../registry/manifest-format.js'
import { type Manifests, manifestBytesMax } from '../registry/manifests.js'
import { isDigest } from '../registry/names.js'
import type { TransferLog } from './log.js'
import { inParallel } from './parallel.js'
import { type RegistrySession, RemoteRefused } from './session.js'
import { wordsOf } from './words.js'

/** Tries of one blob of which nothing has come. */
const triesMax = 5
const firstWaitMs = 500
/** Of one image at the same time. */
const atOnce = 3
/** Indexes that name indexes. */
const maxDepth = 4

/** This machine, in the words of images. */
const machine = process.arch === 'x64' ? 'amd64' : process.arch
const withPlatform = z.object({
  manifests: z.array(
    z.object({
      digest: z.string(),
      mediaType: z.string(),
      size: z.number(),
      platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
    }),
  ),
})

interface Fetched {
  readonly digest: string
  readonly mediaType: string
  readonly content: Buffer
}
interface Blob {
  readonly digest: string
  readonly size: number
}

interface Parts {
  readonly who: Principal
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly session: RegistrySession
  readonly log: TransferLog
  readonly signal: AbortSignal
}

/** Brings an image of another registry into a repository of the tenant. */
export class Pull {
  constructor(
    private readonly parts: Parts,
    private readonly repository: string,
  ) {}

  /**
   * Its manifest comes last: until then there is no image.
   * @param reference a tag, or null to have it by its digest alone
   * @returns the digest of the manifest
   * @throws ApiError, RegistryError, RemoteRefused, OutboundRefused
   */
  async run(reference: string | null): Promise<string> {
    const { session, manifests, who, log } = this.parts
    const top = await this.#manifest(session.remote.reference, 0)
    const parsed = readManifest(top.mediaType, top.content)
    if (!('config' in parsed))
      throw new OutboundRefused('the registry gives an index where an image is named')
    const blobs = distinct([parsed.config, ...parsed.layers])
    const sizeBytes = blobs.reduce((sum, { size }) => sum + size, 0)
    log.push({ type: 'manifest', digest: top.digest, layers: parsed.layers.length, sizeBytes })
    await inParallel(blobs, atOnce, (blob) => this.#blob(blob))
    const { mediaType, content, digest } = top
    await manifests.put(who, this.repository, reference ?? digest, mediaType, content)
    return digest
  }

  /** The manifest of an image, of an index that for this machine. */
  async #manifest(reference: string, depth: number): Promise<Fetched> {
    const found = await this.#fetch(reference)
    if (imageTypes.has(found.mediaType)) return found
    if (depth >= maxDepth) throw new OutboundRefused('the indexes of the image are nested too deeply')
    readManifest(found.mediaType, found.content)
    const { manifests } = withPlatform.parse(JSON.parse(found.content.toString()))
    const fits = manifests.filter(
      ({ platform }) => platform?.os === 'linux' && platform.architecture === machine,
    )
    const plain = manifests.filter(({ platform }) => platform === undefined)
    const [one] = fits.length > 0 ? fits : plain.length === 1 ? plain : []
    if (one !== undefined) return this.#manifest(one.digest, depth + 1)
    const others = manifests.flatMap(({ platform }) =>
      platform ? [`${platform.os}/${platform.architecture}`] : [],
    )
    const has = [...new Set(others)].slice(0, 20).join(', ') || 'none'
    throw new OutboundRefused(`the image has nothing for linux/${machine}; it has: ${has.slice(0, 300)}`)
  }

  async #fetch(reference: string): Promise<Fetched> {
    const { session } = this.parts
    const accept = [...imageTypes, ...indexTypes].join(', ')
    for (let tries = 1; ; tries++) {
      try {
        const wanted = () => ({ method: 'GET' as const, headers: { accept } })
        const answer = await session.call(`manifests/${reference}`, wanted, [200])
        const content = await wholeOf(answer.body, manifestBytesMax)
        const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
        const stated = isDigest(reference) ? reference : answer.headers['docker-content-digest']
        if (stated !== undefined && stated !== digest) {
          throw new OutboundRefused(
            `the manifest ${reference} has the digest ${digest} and not ${String(stated).slice(0, 80)}`,
          )
        }
        const mediaType = (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
        return { digest, mediaType, content }
      } catch (error) {
        await this.#again(error, tries)
      }
    }
  }

  async #blob({ digest, size }: Blob): Promise<void> {
    const { blobs, who, log } = this.parts
    const told = { type: 'blob', digest, sizeBytes: size, reason: null } as const
    if (await blobs.mount(who, this.repository, digest, null)) {
      log.push({ ...told, state: 'known', doneBytes: size })
      return
    }
    log.push({ ...told, state: 'started', doneBytes: 0 })
    const upload = await blobs.begin(who, this.repository)
    try {
      await this.#fill(upload, { digest, size })
      await blobs.finish(who, upload, digest)
    } catch (error) {
      await blobs.cancel(upload)
      throw error
    }
    log.push({ ...told, state: 'done', doneBytes: size })
  }

  /** Fills an upload with a blob, and goes on where a connection broke. */
  async #fill(upload: Upload, blob: Blob): Promise<void> {
    const { blobs, log } = this.parts
    let has = 0
    for (let tries = 1; has < blob.size || tries === 1; tries++) {
      try {
        await this.#part(upload, blob, has)
        has = await blobs.sizeOf(upload)
        if (has >= blob.size) break
        const { host } = this.parts.session.remote
        throw new OutboundFailed(`${host} ended the blob after ${has} of ${blob.size} bytes`)
      } catch (error) {
        const now = await blobs.sizeOf(upload)
        if (now > has) tries = 0
        has = now
        await this.#again(error, tries + 1)
        const { digest, size } = blob
        const reason = wordsOf(error).slice(0, 200)
        log.push({ type: 'blob', digest, sizeBytes: size, doneBytes: has, state: 'retrying', reason })
      }
    }
  }

  async #part(upload: Upload, { digest, size }: Blob, from: number): Promise<void> {
    const { session, blobs, who, log } = this.parts
    const headers = from === 0 ? {} : { range: `bytes=${from}-` }
    const answer = await session.call(
      `blobs/${digest}`,
      () => ({ method: 'GET' as const, headers }),
      [200, 206],
    )
    const start =
      answer.status === 206 ? Number(/^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1]) : 0
    if (start !== from && start !== 0) {
      answer.body.destroy()
      throw new OutboundRefused(`${session.remote.host} sends another part of the blob than it was asked for`)
    }
    let broken: unknown
    const told = { type: 'blob', digest, sizeBytes: size, state: 'going', reason: null } as const
    const content = async function* (): AsyncGenerator<Buffer> {
      let at = start
      try {
        for await (const part of steady(answer.body)) {
          if (at + part.length > size)
            throw new OutboundRefused(`the blob ${digest} is longer than its ${size} bytes`)
          // Some send all of it, whatever part they are asked for.
          const skipped = Math.min(part.length, Math.max(0, from - at))
          at += part.length
          if (skipped < part.length) yield part.subarray(skipped)
          log.push({ ...told, doneBytes: at })
        }
      } catch (error) {
        broken = error
        // What has come stays: the upload is ended here in good order.
      }
    }
    const body = Readable.from(content(), { objectMode: false })
    try {
      await blobs.append(who, upload, from, body)
    } finally {
      answer.body.destroy()
    }
    if (broken !== undefined) throw broken
  }

  /** Waits before another try. @throws what another try would not change */
  async #again(error: unknown, tries: number): Promise<void> {
    const { signal } = this.parts
    signal.throwIfAborted()
    const final =
      error instanceof OutboundRefused ||
      error instanceof TooLong ||
      error instanceof RegistryError ||
      (error instanceof ApiError && error.code !== 'conflict') ||
      (error instanceof RemoteRefused && !error.passes)
    if (final || tries >= triesMax) throw error
    await sleep(firstWaitMs * 2 ** (tries - 1), undefined, { signal })
  }
}

const distinct = (blobs: readonly Blob[]): Blob[] => [
  ...new Map(blobs.map((one) => [one.digest, one])).values(),
]
