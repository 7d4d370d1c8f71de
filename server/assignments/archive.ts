import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { shownName, stepsOf, TarError } from '../../common/tar/format.js'
import { readTar, type TarMember } from '../../common/tar/read.js'
import { inPieces, tarEnd, tarHeader, tarPadding } from '../../common/tar/write.js'
import { assignmentBounds, pathBelow } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

/** A file of an archive, or of an assignment. */
export interface StarterFile {
  readonly path: string
  readonly executable: boolean
  readonly content: Buffer
}

/** What an archive may hold. */
export interface ArchiveBounds {
  readonly files: number
  readonly bytes: number
  readonly pathBytes: number
}
const ofOne: ArchiveBounds = {
  ...{ files: assignmentBounds.files, bytes: assignmentBounds.filesBytes, pathBytes: 1024 },
}
/** Directories and files: each costs the reading of a header. */
const entriesOf = ({ files }: ArchiveBounds) => 4 * files
/** When it is not compressed any more, headers and all. */
const tarBytesOf = (bounds: ArchiveBounds) => 2 * bounds.bytes + entriesOf(bounds) * 1024

const refuse = (why: string) => new ApiError('invalid_request', `the archive: ${why}`)
export const tooMuch = (why: string) => new ApiError('payload_too_large', why)

/**
 * The files of a tar, plain or compressed with gzip. Directories without files are left out.
 *
 * @throws ApiError `invalid_request` for links, devices, names that lead out, and what is no archive; `payload_too_large`, as soon as
 *   it is known
 */
export async function readArchive(body: Readable, bounds = ofOne): Promise<StarterFile[]> {
  const maxEntries = entriesOf(bounds)
  const name = pathBelow(bounds.pathBytes)
  const found = new Map<string, StarterFile>()
  let [entries, bytes] = [0, 0]
  try {
    for await (const member of readTar(bounded(await unzipped(body), tarBytesOf(bounds)))) {
      if (++entries > maxEntries) throw tooMuch(`the archive has more than ${maxEntries} entries`)
      const path = pathOf(member, name)
      if (path === undefined) continue
      bytes += member.sizeBytes - (found.get(path)?.content.length ?? 0)
      assertFits(found.size + (found.has(path) ? 0 : 1), bytes, bounds)
      found.set(path, { path, executable: (member.mode & 0o100) !== 0, content: await contentOf(member) })
    }
  } catch (error) {
    if (error instanceof TarError) throw refuse(error.message)
    const { code } = error instanceof Error && 'code' in error ? error : { code: undefined }
    if (typeof code === 'string' && /^Z_/.test(code)) throw refuse('its compression is damaged or cut')
    throw error
  } finally {
    body.destroy()
  }
  const files = [...found.values()]
  assertTree(files.map(({ path }) => path))
  return files
}

/** @throws ApiError `payload_too_large` */
export function assertFits(files: number, bytes: number, most = ofOne): void {
  const what = most === ofOne ? 'an assignment' : 'a course'
  if (files > most.files) throw tooMuch(`${what} has at most ${most.files} files`)
  if (bytes > most.bytes) throw tooMuch(`the files of ${what} have at most ${most.bytes / 1024 ** 2} MiB`)
}

/** @throws ApiError `invalid_request` when something is a file and a directory */
export function assertTree(paths: readonly string[]): void {
  const files = new Set(paths)
  for (const path of paths) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const above = path.slice(0, slash)
      if (files.has(above)) {
        throw new ApiError('invalid_request', `${above} cannot be a file and the directory of ${path}`)
      }
    }
  }
}

/** Of a file; undefined for a directory. */
function pathOf({ name, type }: TarMember, schema: ReturnType<typeof pathBelow>): string | undefined {
  const steps = stepsOf(name)
  if (type === 'directory') return undefined
  if (type !== 'file') {
    const what = { symlink: 'a symbolic link', link: 'a hard link', pipe: 'a pipe' }[type]
    throw refuse(`${shownName(name)} is ${what}; assignments have files and directories only`)
  }
  const path = steps.map(String).join('/')
  if (
    !Buffer.from(path).equals(Buffer.concat(steps.flatMap((one, at) => (at === 0 ? [one] : [slash, one]))))
  ) {
    throw refuse(`the name ${shownName(name)} is not UTF-8`)
  }
  const parsed = schema.safeParse(path)
  if (!parsed.success) throw refuse(`${shownName(name)} ${parsed.error.issues[0]?.message ?? 'is no name'}`)
  return parsed.data
}
const slash = Buffer.from('/')

async function contentOf(member: TarMember): Promise<Buffer> {
  // What is not written of it are holes.
  const content = Buffer.alloc(member.sizeBytes)
  for await (const { at, bytes } of member.content()) content.set(bytes, at)
  return content
}

async function unzipped(body: Readable): Promise<AsyncIterable<Uint8Array>> {
  const parts = body[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const next = await parts.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
  if (head.length === 0) throw refuse('send a tar as the body, plain or compressed with gzip')
  async function* whole() {
    yield head
    for (let next = await parts.next(); !next.done; next = await parts.next()) yield next.value
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return whole()
  const source = Readable.from(whole(), { objectMode: false })
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  return source.pipe(gunzip)
}

/** A few bytes of gzip can stand for as many as one likes. */
async function* bounded(parts: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const part of parts) {
    bytes += part.length
    if (bytes > most) {
      throw tooMuch(`the archive has more than ${Math.floor(most / 1024 ** 2)} MiB`)
    }
    yield part
  }
}

/** A tar of files, which is read as it is written. */
export async function* packFiles(
  files: AsyncIterable<StarterFile> | Iterable<StarterFile>,
  mode: (file: StarterFile) => number = ({ executable }) => (executable ? 0o755 : 0o644),
  modifiedNs = BigInt(Date.now()) * 1_000_000n,
): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    const header = tarHeader({
      ...{ type: 'file', name: Buffer.from(file.path), target: Buffer.alloc(0), xattrs: new Map() },
      ...{ sizeBytes: file.content.length, modifiedNs },
      ...{ mode: mode(file), uid: 1000, gid: 1000 },
    })
    yield* inPieces([header, file.content, tarPadding(file.content.length)])
  }
  yield tarEnd
}
