import type { Readable } from 'node:stream'
import { OutboundFailed } from '../outbound/http.js'
import { type RegistrySession, RemoteRefused } from './session.js'

/** A blob, and where a part of it comes from. */
export interface SentBlob {
  readonly digest: string
  readonly size: number
  /** From this byte on. */
  open(from: number): Promise<Readable>
}

/**
 * The upload of one blob to another registry, over several tries: what has arrived before a connection broke is asked for and not sent
 * again. A registry that does not say it, or says what cannot be, has the blob from its beginning.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-a-blob-in-chunks
 */
export class BlobUpload {
  /** Where the upload goes on that was begun. */
  #place: URL | undefined
  #arrived = 0

  constructor(
    private readonly session: RegistrySession,
    private readonly blob: SentBlob,
    private readonly progress: (doneBytes: number) => void,
  ) {}

  /** What the registry has said that it has, when it was asked last. */
  get arrived(): number {
    return this.#arrived
  }

  /** @throws what ends a try; another one goes on */
  async run(): Promise<void> {
    const before = this.#place === undefined ? undefined : await this.#status(this.#place)
    if (before === undefined) return this.#fromBeginning()
    const { digest, size } = this.blob
    this.#arrived = before.has
    this.progress(before.has)
    let { place } = before
    try {
      if (before.has < size) {
        const range = { 'content-range': `${before.has}-${size - 1}` }
        place = this.session.locationOf(await this.#send('PATCH', place, before.has, range, [202]))
      }
      const headers = { 'content-length': 0 }
      const end = () => ({ method: 'PUT' as const, headers })
      ;(await this.session.call(withDigest(place, digest), end, [201, 204])).body.destroy()
    } catch (error) {
      if (!(error instanceof RemoteRefused) || error.passes) throw error
      // It does not take parts, or has forgotten what it said.
      this.#place = undefined
      throw new OutboundFailed(`${this.session.remote.host} did not go on with the blob: ${error.message}`)
    }
  }

  async #fromBeginning(): Promise<void> {
    const begin = () => ({ method: 'POST' as const, headers: { 'content-length': 0 } })
    const begun = await this.session.call('blobs/uploads/', begin, [202])
    begun.body.destroy()
    this.#place = this.session.locationOf(begun)
    await this.#send('PUT', withDigest(this.#place, this.blob.digest), 0, {}, [201, 204])
  }

  /** How much of it has arrived. @returns undefined when it has to begin anew */
  async #status(at: URL): Promise<{ has: number; place: URL } | undefined> {
    try {
      const answer = await this.session.call(at, () => ({ method: 'GET' as const }), [204])
      answer.body.destroy()
      const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(String(answer.headers.range ?? ''))?.[1]
      const has = last === undefined ? 0 : Number(last) + 1
      // Of nothing the range is `0-0` as well, as of one byte.
      if (has <= 1 || has > this.blob.size) return undefined
      const place = answer.headers.location === undefined ? at : this.session.locationOf(answer)
      return { has, place }
    } catch (error) {
      if (error instanceof RemoteRefused && !error.passes) return undefined
      throw error
    }
  }

  async #send(
    method: 'PUT' | 'PATCH',
    place: URL,
    from: number,
    more: Readonly<Record<string, string>>,
    success: readonly number[],
  ) {
    const body = await this.blob.open(from)
    let doneBytes = from
    body.on('data', (part: Buffer) => {
      doneBytes += part.length
      this.progress(doneBytes)
    })
    body.on('error', () => {}) // told by the call that sends it
    body.pause()
    try {
      const headers = {
        ...{ 'content-type': 'application/octet-stream', 'content-length': this.blob.size - from },
        ...more,
      }
      const answer = await this.session.call(place, () => ({ method, headers, body }), success)
      answer.body.destroy()
      return answer
    } finally {
      body.destroy()
    }
  }
}

function withDigest(place: URL, digest: string): URL {
  const url = new URL(place)
  url.searchParams.set('digest', digest)
  return url
}
