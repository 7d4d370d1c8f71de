import { createHash } from 'node:crypto'
import { stepsOf, TarError } from '../../common/tar/format.js'
import { readTar, type TarMember } from '../../common/tar/read.js'
import { type LeftOut, submissionBounds } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { Exclusions } from './exclusions.js'

/** A file of a home directory, or a symbolic link. */
export interface TakenFile {
  readonly path: string
  readonly executable: boolean
  /** Of a symbolic link. */
  readonly target: string | null
  readonly digest: string
  readonly sizeBytes: number
  /** Nothing of a link. */
  readonly content: Buffer
}

/** What a home directory holds of what is handed in. */
export interface Taken {
  readonly files: readonly TakenFile[]
  readonly bytes: number
  readonly leftOut: readonly LeftOut[]
  readonly leftOutCount: number
}

/** More than may be handed in. Whoever catches it says which paths are the largest. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

/** Directories too: each costs the reading of a header. */
const entriesMax = 10 * submissionBounds.files
/** With headers, and what is left out by us and not by the node. */
const readBytesMax = 4 * submissionBounds.bytes
const shownLeftOut = 100
const pathBytesMax = 1024

/**
 * The files of a home directory that a node packs. Stops as soon as it is too much: of a file that is too long no byte is read.
 *
 * @throws TooMuch; ApiError `runtime_unavailable` when the archive breaks off
 */
export async function readHome(archive: AsyncIterable<Uint8Array>, exclusions: Exclusions): Promise<Taken> {
  const found = new Map<string, TakenFile>()
  const missing = new Map<string, LeftOut['why']>()
  let [entries, bytes] = [0, 0]
  try {
    for await (const member of readTar(bounded(archive))) {
      if (++entries > entriesMax) throw new TooMuch(`more than ${entriesMax} files and directories`)
      const { path, isText } = pathOf(member)
      if (path === '') continue
      const excluded = exclusions.of(path)
      if (excluded !== undefined) missing.set(excluded, 'excluded')
      else if (member.type === 'directory') continue
      else if (!isText) missing.set(path, 'name')
      else if (member.type === 'pipe') missing.set(path, 'special')
      else {
        const file = await takenOf(member, path, found)
        if (file === undefined) {
          missing.set(path, member.type === 'link' ? 'link' : 'name')
          continue
        }
        bytes += file.sizeBytes
        found.set(path, file)
        assertFits(found.size, bytes)
      }
    }
  } catch (error) {
    if (!(error instanceof TarError)) throw error
    throw new ApiError(
      'runtime_unavailable',
      'the files of the sandbox were not read to their end; try again',
      2,
    )
  }
  return {
    files: [...found.values()],
    bytes,
    leftOut: [...missing].slice(0, shownLeftOut).map(([path, why]) => ({ path, why })),
    leftOutCount: missing.size,
  }
}

function assertFits(files: number, bytes: number): void {
  if (files > submissionBounds.files) throw new TooMuch(`more than ${submissionBounds.files} files`)
  if (bytes > submissionBounds.bytes) throw new TooMuch(`more than ${submissionBounds.bytes / 1024 ** 2} MiB`)
}

/** @returns undefined for a hard link to what is not there, and a symbolic link that leads to no text */
async function takenOf(
  member: TarMember,
  path: string,
  before: ReadonlyMap<string, TakenFile>,
): Promise<TakenFile | undefined> {
  if (member.type === 'link') {
    const same = before.get(stepsOf(member.target).map(String).join('/'))
    return same === undefined ? undefined : { ...same, path }
  }
  if (member.type === 'symlink') {
    const target = member.target.toString()
    if (!isStorable(target, member.target) || member.target.length > pathBytesMax) return undefined
    return {
      path,
      executable: false,
      target,
      digest: digestOf(member.target),
      sizeBytes: 0,
      content: nothing,
    }
  }
  assertFits(0, member.sizeBytes)
  // What is not written of it are holes.
  const content = Buffer.alloc(member.sizeBytes)
  for await (const { at, bytes } of member.content()) content.set(bytes, at)
  const executable = (member.mode & 0o100) !== 0
  return { path, executable, target: null, digest: digestOf(content), sizeBytes: content.length, content }
}

const nothing = Buffer.alloc(0)
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const isStorable = (text: string, bytes: Buffer) => !/\p{Cc}/u.test(text) && Buffer.from(text).equals(bytes)

/** A path that PostgreSQL and people can read, or a shown form of one that is not. */
function pathOf({ name }: TarMember): { path: string; isText: boolean } {
  const steps = stepsOf(name)
  const path = steps.map(String).join('/')
  const isText =
    steps.every((step) => isStorable(step.toString(), step)) && Buffer.byteLength(path) <= pathBytesMax
  return { path: isText ? path : path.replaceAll(/[\p{Cc}\p{Surrogate}]/gu, '�').slice(0, 500), isText }
}

/** Small archives can be long: of empty files, or of what is left out here. */
async function* bounded(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const part of parts) {
    bytes += part.length
    if (bytes > readBytesMax) throw new TooMuch(`more than ${readBytesMax / 1024 ** 2} MiB to look through`)
    yield part
  }
}

/** One digest for all files, as `submission.digest` describes it. */
export function digestOfAll(
  files: readonly Pick<TakenFile, 'path' | 'executable' | 'target' | 'digest'>[],
): string {
  const hash = createHash('sha256')
  for (const { path, executable, target, digest } of inOrder(files)) {
    const mode = target !== null ? '120000' : executable ? '100755' : '100644'
    hash.update(`${mode} ${digest} ${JSON.stringify(path)}\n`)
  }
  return hash.digest('hex')
}

/** By the bytes of their paths. */
export const inOrder = <File extends { readonly path: string }>(files: readonly File[]): File[] =>
  files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
