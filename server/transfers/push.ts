import { setTimeout as sleep } from 'node:timers/promises'
import type { Principal } from '../auth/principal.js'
import { ApiError } from '../errors.js'
import { OutboundRefused } from '../outbound/http.js'
import type { Blobs } from '../registry/blobs.js'
import { RegistryError } from '../registry/error.js'
import { type descriptor, readManifest } from '../registry/manifest-format.js'
import type { Manifests, StoredManifest } from '../registry/manifests.js'
import { BlobUpload, type SentBlob } from './blob-upload.js'
import type { TransferLog } from './log.js'
import { inParallel } from './parallel.js'
import { type RegistrySession, RemoteRefused } from './session.js'
import { wordsOf } from './words.js'

/** Tries of one blob. */
const triesMax = 4
const firstWaitMs = 500
/** Of one image at the same time. */
const atOnce = 3
type Blob = Pick<(typeof descriptor)['_output'], 'digest' | 'size' | 'urls'>

interface Parts {
  readonly who: Principal
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly session: RegistrySession
  readonly log: TransferLog
  readonly signal: AbortSignal
}

/** Sends an image of a repository of the tenant to another registry. */
export class Push {
  constructor(
    private readonly parts: Parts,
    private readonly repository: string,
  ) {}

  /**
   * Of an index all manifests that are there are sent, and it last.
   * @returns the digest of the manifest
   * @throws ApiError, RegistryError, RemoteRefused, OutboundRefused
   */
  async run(reference: string): Promise<string> {
    const { manifests, who, session } = this.parts
    const top = await manifests.get(who, this.repository, reference)
    const parsed = readManifest(top.mediaType, Buffer.from(top.content))
    if ('config' in parsed) await this.#blobsOf([parsed.config, ...parsed.layers], top)
    else {
      for (const { digest } of parsed.manifests) {
        const child = await manifests.get(who, this.repository, digest).catch((error: unknown) => {
          if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return undefined
          throw error
        })
        if (child === undefined) continue
        const inner = readManifest(child.mediaType, Buffer.from(child.content))
        if (!('config' in inner)) throw new OutboundRefused('indexes in indexes are not sent')
        await this.#blobsOf([inner.config, ...inner.layers], child)
        await this.#manifest(child, digest)
      }
    }
    await this.#manifest(top, session.remote.reference)
    return top.digest
  }

  async #blobsOf(blobs: readonly Blob[], { digest }: StoredManifest): Promise<void> {
    const distinct = [...new Map(blobs.map((one) => [one.digest, one])).values()]
    const sizeBytes = distinct.reduce((sum, { size }) => sum + size, 0)
    this.parts.log.push({ type: 'manifest', digest, layers: blobs.length - 1, sizeBytes })
    await inParallel(distinct, atOnce, (blob) => this.#blob(blob))
  }

  async #manifest({ content, mediaType }: StoredManifest, reference: string): Promise<void> {
    const body = Buffer.from(content)
    const headers = { 'content-type': mediaType, 'content-length': body.length }
    await this.#tried(async () => {
      const wanted = () => ({ method: 'PUT' as const, headers, body })
      const answer = await this.parts.session.call(`manifests/${reference}`, wanted, [200, 201, 202])
      answer.body.destroy()
    })
  }

  async #blob(blob: Blob): Promise<void> {
    const { log, session } = this.parts
    const told = { type: 'blob', digest: blob.digest, sizeBytes: blob.size, reason: null } as const
    if (blob.urls !== undefined && blob.urls.length > 0) return // it is at these addresses
    let done = 0
    const upload = new BlobUpload(session, this.#sent(blob), (doneBytes) => {
      done = doneBytes
      log.push({ ...told, state: 'going', doneBytes })
    })
    await this.#tried(
      async () => {
        if (await this.#isThere(blob)) {
          log.push({ ...told, state: 'known', doneBytes: blob.size })
          return
        }
        log.push({ ...told, state: 'started', doneBytes: 0 })
        await upload.run()
        log.push({ ...told, state: 'done', doneBytes: blob.size })
      },
      (reason) => log.push({ ...told, state: 'retrying', doneBytes: done, reason }),
      () => upload.arrived,
    )
  }

  #sent({ digest, size }: Blob): SentBlob {
    const { blobs, who } = this.parts
    const open = (from: number) =>
      blobs.read(who, this.repository, digest, from === 0 ? undefined : `bytes=${from}-`)
    return { digest, size, open }
  }

  async #isThere({ digest }: Blob): Promise<boolean> {
    const wanted = () => ({ method: 'HEAD' as const })
    const answer = await this.parts.session.call(`blobs/${digest}`, wanted, [200, 404])
    answer.body.destroy()
    return answer.status === 200
  }

  /** @param arrived what has come so far: while it grows tries do not count */
  async #tried(
    act: () => Promise<void>,
    again: (reason: string) => void = () => {},
    arrived: () => number = () => 0,
  ): Promise<void> {
    const { signal } = this.parts
    let before = 0
    for (let tries = 1; ; tries++) {
      try {
        await act()
        return
      } catch (error) {
        signal.throwIfAborted()
        const final =
          error instanceof OutboundRefused ||
          error instanceof RegistryError ||
          error instanceof ApiError ||
          (error instanceof RemoteRefused && !error.passes)
        if (arrived() > before) tries = 1
        before = arrived()
        if (final || tries >= triesMax) throw error
        again(wordsOf(error).slice(0, 200))
        await sleep(firstWaitMs * 2 ** (tries - 1), undefined, { signal })
      }
    }
  }
}
