import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { shownName, stepsOf, TarError } from '../../common/tar/format.js'
import { readTar, type TarMember } from '../../common/tar/read.js'
import { Failure } from '../command.js'
import type { LeftOut } from './pack.js'

/** What a directory has once everything is in it. */
interface Attributes {
  readonly mode: number
  readonly modifiedNs: bigint
}

/**
 * Unpacks a tar into a local directory. Whoever made it is not trusted: names that lead out of the directory are
 * refused, nothing is written through a link, and links come last, so that no later entry can use one. A file that is
 * replaced stays until the new one is whole; a directory that is there keeps its permissions.
 *
 * @param attributes of the directory itself, should it be made now
 */
export async function unpackDirectory(
  directory: string,
  archive: AsyncIterable<Uint8Array>,
  attributes: Attributes,
  leftOut: LeftOut,
): Promise<void> {
  const tree = new LocalTree(Buffer.from(directory), attributes, leftOut)
  try {
    for await (const member of readTar(archive)) await tree.add(member)
  } catch (error) {
    throw error instanceof TarError ? new Failure(`what the sandbox sends is wrong: ${error.message}`) : error
  }
  tree.finish()
}

class LocalTree {
  readonly #symlinks = new Map<string, { path: Buffer; member: TarMember }>()
  readonly #made = new Map<string, Attributes | undefined>()

  constructor(
    private readonly top: Buffer,
    attributes: Attributes,
    private readonly leftOut: LeftOut,
  ) {
    if (mkdirSync(top, { recursive: true }) !== undefined) this.#made.set(top.toString('latin1'), attributes)
  }

  async add(member: TarMember): Promise<void> {
    const steps = stepsOf(member.name)
    const path = this.#path(steps)
    if (member.type === 'directory') {
      this.#makeDirectories(steps)
      const key = path.toString('latin1')
      if (this.#made.has(key) && steps.length > 0) this.#made.set(key, member)
      return
    }
    if (steps.length === 0) throw new TarError('a file has no name')
    this.#makeDirectories(steps.slice(0, -1))
    if (member.type === 'file') return writeFile(path, member)
    if (member.type === 'symlink') this.#symlinks.set(path.toString('latin1'), { path, member })
    else if (member.type === 'link') this.#link(path, member)
    else this.leftOut(path, 'it is a named pipe')
  }

  /** Links, and then the times of directories, which everything that is made in them changes. */
  finish(): void {
    for (const { path, member } of this.#symlinks.values()) {
      makeRoom(path)
      symlinkSync(member.target, path)
      lutimesSync(path, seconds(member), seconds(member))
    }
    for (const [path, attributes] of [...this.#made].reverse()) {
      if (attributes === undefined) continue
      chmodSync(Buffer.from(path, 'latin1'), attributes.mode & 0o777)
      utimesSync(Buffer.from(path, 'latin1'), seconds(attributes), seconds(attributes))
    }
  }

  #link(path: Buffer, member: TarMember): void {
    const steps = stepsOf(member.target)
    const source = this.#path(steps)
    const symlink = this.#symlinks.get(source.toString('latin1'))
    if (symlink !== undefined) {
      this.#symlinks.set(path.toString('latin1'), { path, member: symlink.member })
      return
    }
    this.#makeDirectories(steps.slice(0, -1))
    const there = lstat(source)
    if (!there?.isFile()) {
      throw new Failure(
        `${shownName(member.name)} is a hard link to ${shownName(member.target)}, which is no file`,
      )
    }
    if (source.equals(path)) return
    makeRoom(path)
    try {
      linkSync(source, path)
    } catch {
      copyFileSync(source, path) // a file system without hard links
    }
  }

  #path(steps: readonly Buffer[]): Buffer {
    return Buffer.concat([this.top, ...steps.flatMap((step) => [slash, step])])
  }

  /** Makes what is missing below the top; refuses to go through what is no directory itself. */
  #makeDirectories(steps: readonly Buffer[]): void {
    for (let count = 1; count <= steps.length; count++) {
      const path = this.#path(steps.slice(0, count))
      const key = path.toString('latin1')
      if (this.#made.has(key)) continue
      const there = lstat(path)
      if (there === undefined) {
        mkdirSync(path, 0o700)
        this.#made.set(key, { mode: 0o755, modifiedNs: BigInt(Date.now()) * 1_000_000n })
      } else if (!there.isDirectory()) throw new Failure(`${path} is in the way: it is no directory`)
    }
  }
}

const slash = Buffer.from('/')
const seconds = ({ modifiedNs }: { modifiedNs: bigint }) => Number(modifiedNs / 1000n) / 1e6
const lstat = (path: Buffer): Stats | undefined => lstatSync(path, { throwIfNoEntry: false })

function makeRoom(path: Buffer): void {
  const there = lstat(path)
  if (there?.isDirectory()) throw new Failure(`${path} is in the way: it is a directory`)
  if (there !== undefined) rmSync(path)
}

async function writeFile(path: Buffer, member: TarMember): Promise<void> {
  const there = lstat(path)
  if (there?.isDirectory()) throw new Failure(`${path} is in the way: it is a directory`)
  const fresh = there === undefined ? path : Buffer.concat([path, Buffer.from(`.${process.pid}.part`)])
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  let whole = false
  try {
    let end = 0
    for await (const { at, bytes } of member.content()) {
      for (let done = 0; done < bytes.length; )
        done += writeSync(file, bytes, done, bytes.length - done, at + done)
      end = at + bytes.length
    }
    if (end < member.sizeBytes) ftruncateSync(file, member.sizeBytes)
    fchmodSync(file, member.mode & 0o777)
    futimesSync(file, seconds(member), seconds(member))
    whole = true
  } finally {
    closeSync(file)
    if (!whole) rmSync(fresh, { force: true })
  }
  if (fresh !== path) renameSync(fresh, path)
}
