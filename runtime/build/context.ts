import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type Ignored, parseIgnored, rulesIn } from '../../protocol/api/dockerignore.js'
import { RuntimeRefusal } from '../errors.js'
import type { Archives } from '../files/archives.js'
import { codeOf } from '../files/refusal.js'
import { FilesRoot, openMountedRoot } from '../files/root.js'
import { bounds } from './bounds.js'
import { badBuild } from './error.js'
import { isBrokenGzip } from './parts.js'
import type { BuildVolume } from './volume.js'

const user = { uid: 0, gid: 0 }
const ignoreFileBytes = 128 * 1024

/** The files that a build is sent, on a volume of its own that nothing else writes to. */
export class BuildContext implements Disposable {
  readonly root: FilesRoot
  #inline = 0

  constructor(private readonly volume: BuildVolume) {
    this.root = new FilesRoot(openMountedRoot(volume.upper), 0, () => {}, user)
  }

  /**
   * Takes the context in. Links stay as they are and lead nowhere outside; devices are refused.
   * @throws RuntimeRefusal `invalid_request`, `disk_full`
   */
  async take(archives: Archives, body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await archives.unpack(this.root, '/', bounded(unzipped(body)))
    } catch (error) {
      if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT' || isFull(error)) throw tooLarge()
      if (error instanceof Error && isBrokenGzip(error))
        throw badBuild(`the context is not valid gzip: ${error.message}`)
      throw error
    }
  }

  /** A small file's text. @returns undefined when there is none */
  text(path: string, bytesMax: number): string | undefined {
    let found: ReturnType<FilesRoot['find']>
    try {
      found = this.root.find(`/${path}`, { follow: true })
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'ENAMETOOLONG'].includes(codeOf(error) ?? ''))
        return undefined
      throw error
    }
    using file = found
    const { size } = file.stat()
    if (!file.stat().isFile()) return undefined
    if (size > bytesMax) throw badBuild(`${path} is larger than ${bytesMax / 1024} KiB`)
    const fd = openSync(file.path(), constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const buffer = Buffer.alloc(size)
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, size, 0))
    } finally {
      closeSync(fd)
    }
  }

  /** What its `.dockerignore` leaves out; that of the Dockerfile comes first. */
  ignored(dockerfile: string): Ignored {
    const text =
      this.text(`${dockerfile}.dockerignore`, ignoreFileBytes) ?? this.text('.dockerignore', ignoreFileBytes)
    const rules = rulesIn(text ?? '')
    if (rules.length > bounds.ignorePatterns)
      throw badBuild(`.dockerignore has more than ${bounds.ignorePatterns} lines`)
    if (rules.reduce((sum, rule) => sum + rule.length, 0) > bounds.ignoreBytes)
      throw badBuild(`the patterns of .dockerignore are longer than ${bounds.ignoreBytes / 1024} KiB`)
    return parseIgnored(text ?? '')
  }

  /** Files that stand in the Dockerfile itself, as a place to copy from. */
  async inline(files: readonly { readonly name: string; readonly content: string }[]): Promise<FilesRoot> {
    const directory = join(this.volume.path, 'work', `inline${this.#inline++}`)
    await mkdir(directory, { recursive: true })
    for (const { name, content } of files) {
      await using file = await open(join(directory, name), 'wx', 0o644)
      await file.writeFile(content)
    }
    return new FilesRoot(openMountedRoot(directory), 0, () => {}, user)
  }

  [Symbol.dispose](): void {
    this.root[Symbol.dispose]()
  }
}

const tooLarge = () =>
  new RuntimeRefusal('disk_full', `the context is larger than ${bounds.contextBytes / 1024 ** 3} GiB`)

const isFull = (error: unknown) => error instanceof RuntimeRefusal && error.code === 'disk_full'

async function* unzipped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done) throw badBuild('the context is empty: it is a tar, which may be compressed with gzip')
  const rest = (async function* () {
    yield first.value
    yield* { [Symbol.asyncIterator]: () => iterator }
  })()
  const [one, two] = first.value
  if (one !== 0x1f || two !== 0x8b) {
    yield* rest
    return
  }
  const gunzip = createGunzip()
  const source = Readable.from(rest)
  source.on('error', (error) => gunzip.destroy(error))
  yield* source.pipe(gunzip)
}

async function* bounded(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const part of archive) {
    bytes += part.length
    if (bytes > bounds.contextBytes) throw tooLarge()
    yield part
  }
}

/** A digest of words, each told from the next. */
export const digestOf = (...words: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(words)).digest('hex')
