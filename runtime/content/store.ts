import { createHash, type Hash } from 'node:crypto'
import { createReadStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { RuntimeRefusal } from '../errors.js'
import { codeOf } from '../files/refusal.js'
import type { DiskReserve } from '../rootfs/disk-reserve.js'

/** An upload of which nothing came for so long is over. */
const idleMs = 3_600_000
/** On this node at the same time. */
const maxUploads = 1000
/** How often it is asked whether the disk still has room. */
const askEveryBytes = 64 * 1024 ** 2

interface Upload {
  readonly path: string
  readonly file: FileHandle
  readonly hash: Hash
  sizeBytes: number
  touchedAt: number
  busy: boolean
}

/**
 * Blobs by their digests, in `content/<space>/` of the sandboxes' disk. What is being uploaded lies in `ingest/`, which is emptied at each
 * start; a blob comes to be by one rename, when its digest is known to be right and its bytes are on the disk.
 */
export class ContentStore {
  readonly #uploads = new Map<string, Upload>()

  constructor(
    private readonly disk: string,
    private readonly diskReserve: Pick<DiskReserve, 'assertCapacity'>,
  ) {
    mkdirSync(join(disk, 'content'), { recursive: true, mode: 0o700 })
  }

  /** @throws RuntimeRefusal `not_found` */
  sizeOf(id: string): number {
    return this.#find(id).sizeBytes
  }

  /**
   * Adds bytes to an upload, which begins with its first ones. What has come before a connection breaks stays.
   * @throws RuntimeRefusal `offset_mismatch`, `quota_exceeded`, `disk_full`; `conflict` while others are being added; `not_found` when it is
   *   cancelled
   */
  async append(
    id: string,
    { offset, bytesMax }: { offset: number; bytesMax: number },
    content: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const upload = this.#uploads.get(id) ?? (offset === 0 ? await this.#begin(id) : this.#find(id))
    if (upload.busy) throw new RuntimeRefusal('conflict', 'the upload is being continued already', 1)
    if (offset !== upload.sizeBytes) {
      const message = `the upload has ${upload.sizeBytes} bytes, and these begin at ${offset}`
      throw new RuntimeRefusal('offset_mismatch', message, undefined, { sizeBytes: upload.sizeBytes })
    }
    upload.busy = true
    try {
      this.diskReserve.assertCapacity()
      let asked = upload.sizeBytes
      for await (const chunk of content) {
        if (this.#uploads.get(id) !== upload) this.#find(id) // it was cancelled meanwhile
        if (upload.sizeBytes + chunk.length > bytesMax) {
          throw new RuntimeRefusal('quota_exceeded', 'the blob is larger than the disk that is left')
        }
        await writeAll(upload.file, chunk, upload.sizeBytes)
        upload.hash.update(chunk)
        upload.sizeBytes += chunk.length
        upload.touchedAt = Date.now()
        if (upload.sizeBytes - asked < askEveryBytes) continue
        this.diskReserve.assertCapacity()
        asked = upload.sizeBytes
      }
      return upload.sizeBytes
    } catch (error) {
      if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error
      throw new RuntimeRefusal('disk_full', "the sandboxes' disk has no room for the blob")
    } finally {
      upload.busy = false
    }
  }

  /**
   * Makes an upload a blob.
   * @param sizeBytes what it was counted with: bytes that came since then would be counted nowhere
   * @throws RuntimeRefusal `conflict` while it is being continued, or when it has another size; `invalid_request` when it has another
   *   digest, and the upload is over then
   */
  async finish(
    id: string,
    { space, digest, sizeBytes }: { space: string; digest: string; sizeBytes: number },
  ): Promise<void> {
    const upload = this.#find(id)
    if (upload.busy || upload.sizeBytes !== sizeBytes) {
      throw new RuntimeRefusal('conflict', 'the upload is being continued', 1)
    }
    upload.busy = true
    this.#uploads.delete(id)
    try {
      const found = `sha256:${upload.hash.digest('hex')}`
      if (found !== digest) {
        throw new RuntimeRefusal('invalid_request', `the blob has the digest ${found} and not ${digest}`)
      }
      await upload.file.sync()
      const directory = join(this.disk, 'content', space)
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      renameSync(upload.path, this.#path(space, digest))
      await using parent = await open(directory, 'r')
      await parent.sync()
      await using above = await open(join(this.disk, 'content'), 'r')
      await above.sync()
    } finally {
      await close(upload)
    }
  }

  async cancel(id: string): Promise<void> {
    const upload = this.#uploads.get(id)
    if (upload === undefined) return
    this.#uploads.delete(id)
    await close(upload)
  }

  /** A blob as a file. @throws RuntimeRefusal `not_found` */
  find(space: string, digest: string): { path: string; bytes: number } {
    const path = this.#path(space, digest)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isFile() !== true) throw new RuntimeRefusal('not_found', `there is no blob ${digest}`)
    return { path, bytes: stat.size }
  }

  read(path: string, first: number, last: number): Readable {
    return createReadStream(path, { start: first, end: last })
  }

  /** One that is gone already is no error. */
  remove(space: string, digest: string): void {
    rmSync(this.#path(space, digest), { force: true })
  }

  /** Ends uploads that nobody continues. */
  async expire(): Promise<void> {
    const before = Date.now() - idleMs
    for (const [id, upload] of [...this.#uploads]) {
      if (!upload.busy && upload.touchedAt < before) await this.cancel(id)
    }
  }

  async #begin(id: string): Promise<Upload> {
    if (this.#uploads.size >= maxUploads) {
      throw new RuntimeRefusal('conflict', 'too many blobs are being uploaded to this node', 5)
    }
    const path = join(this.disk, 'ingest', id)
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
      throw new RuntimeRefusal('conflict', 'the upload is being begun already', 1)
    })
    const upload = {
      path,
      file,
      hash: createHash('sha256'),
      sizeBytes: 0,
      touchedAt: Date.now(),
      busy: false,
    }
    this.#uploads.set(id, upload)
    return upload
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(id)
    if (upload === undefined) throw new RuntimeRefusal('not_found', `there is no upload ${id}`)
    return upload
  }

  #path(space: string, digest: string): string {
    return join(this.disk, 'content', space, digest.replace(':', '-'))
  }
}

async function close({ file, path }: Upload): Promise<void> {
  await file.close()
  rmSync(path, { force: true })
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}
