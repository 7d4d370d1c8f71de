import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shownName, stepsOf, TarError } from '../../common/tar/format.js'
import { readTar } from '../../common/tar/read.js'
import { RuntimeRefusal } from '../errors.js'
import { codeOf } from '../files/refusal.js'
import { bounds } from './bounds.js'
import { badImage, noRoom } from './error.js'

/** A file of an archive, on the disk. */
export interface SpooledFile {
  readonly path: string
  readonly bytes: number
  /** SHA-256 of it, in hex. */
  readonly sha256: string
}

/** What comes is written in pieces of this size: each waits for another thread. */
const pieceBytes = 1024 ** 2
/** Small ones cost memory each. */
const maxHeld = 1024
/** How often it is asked whether the disk still has room. */
const askEveryBytes = 64 * 1024 ** 2
const blobName = /^blobs\/sha256\/([0-9a-f]{64})$/

/** The files of an archive by their names in it, which are never names on the disk. */
export class Spool {
  readonly #files = new Map<string, SpooledFile>()
  /** `docker save` writes a layer once, and links to it. */
  readonly #links = new Map<string, string>()

  /** @param bytesMax of all its files */
  constructor(
    private readonly directory: string,
    private readonly bytesMax: number = bounds.archiveBytes,
  ) {}

  /**
   * Takes an archive in.
   * @param assertRoom throws when the disk has no room for more
   * @throws RuntimeRefusal
   */
  async take(archive: AsyncIterable<Uint8Array>, assertRoom: () => void): Promise<void> {
    let written = 0
    let asked = 0
    try {
      for await (const member of readTar(archive, { device: () => {} })) {
        const name = nameOf(member.name)
        if (member.type === 'symlink' || member.type === 'link') {
          this.#addLink(name, member.type === 'link' ? '' : name, member.target.toString())
          continue
        }
        if (member.type !== 'file') continue
        if (this.#files.size >= bounds.archiveFiles)
          throw badImage(`it has more than ${bounds.archiveFiles} files`)
        const path = join(this.directory, `file${this.#files.size}`)
        const hash = createHash('sha256')
        let bytes = 0
        {
          await using file = await open(path, 'wx', 0o600)
          const held: Uint8Array[] = []
          let heldBytes = 0
          const flush = async () => {
            if (held.length === 0) return
            const piece = Buffer.concat(held.splice(0))
            heldBytes = 0
            hash.update(piece)
            await file.appendFile(piece)
          }
          for await (const part of member.content()) {
            if (part.at !== bytes) throw badImage(`${name} is a sparse file`)
            held.push(part.bytes)
            heldBytes += part.bytes.length
            if (heldBytes >= pieceBytes || held.length >= maxHeld) await flush()
            bytes += part.bytes.length
            written += part.bytes.length
            if (written > this.bytesMax) throw tooLarge(this.bytesMax)
            if (written - asked >= askEveryBytes) {
              assertRoom()
              asked = written
            }
          }
          await flush()
        }
        if (bytes !== member.sizeBytes) throw badImage(`${name} is a sparse file`)
        const sha256 = hash.digest('hex')
        const wanted = blobName.exec(name)?.[1]
        if (wanted !== undefined && wanted !== sha256) {
          throw badImage(`the blob sha256:${wanted} has the digest sha256:${sha256}`)
        }
        this.#files.set(name, { path, bytes, sha256 })
      }
    } catch (error) {
      if (error instanceof TarError) throw badImage(`the archive cannot be read: ${error.message}`)
      if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') throw diskFull()
      throw error
    }
  }

  names(): string[] {
    return [...this.#files.keys()]
  }

  /** A file by its name, through a link of the archive where it is one. */
  find(name: string): SpooledFile | undefined {
    let at = name
    for (let links = 0; links < 8; links++) {
      const found = this.#files.get(at)
      if (found !== undefined) return found
      const to = this.#links.get(at)
      if (to === undefined) return undefined
      at = to
    }
    return undefined
  }

  /** @param digest such as `sha256:ab…` */
  blob(digest: string): SpooledFile | undefined {
    return this.find(`blobs/${digest.replace(':', '/')}`)
  }

  /** A small file. @throws RuntimeRefusal when it is too large */
  async read(file: SpooledFile, what: string): Promise<Buffer> {
    if (file.bytes > bounds.jsonBytes) throw badImage(`${what} is larger than ${bounds.jsonBytes} bytes`)
    return readFile(file.path)
  }

  #addLink(name: string, from: string, target: string): void {
    if (this.#links.size >= bounds.archiveFiles) throw badImage('it has too many links')
    const base = from.split('/').slice(0, -1)
    const steps: string[] = target.startsWith('/') ? [] : base
    for (const step of target.split('/')) {
      if (step === '..') steps.pop()
      else if (step !== '' && step !== '.') steps.push(step)
    }
    this.#links.set(name, steps.join('/'))
  }
}

const tooLarge = (bytesMax: number) =>
  bytesMax >= bounds.archiveBytes ? badImage('it is too large') : noRoom(bytesMax)

export const diskFull = () => new RuntimeRefusal('disk_full', "the sandboxes' disk has no room for the image")

function nameOf(name: Buffer): string {
  try {
    return stepsOf(name).map(String).join('/')
  } catch (error) {
    if (!(error instanceof TarError)) throw error
    throw badImage(`its archive has an entry ${shownName(name)}, which leads out of it`)
  }
}
