import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { type FileEntry, fileEntry, fileTree, pathBytes, pathText, utf8 } from '../../protocol/api/index.js'
import { Refused } from '../api.js'
import { runShort, type Shell } from '../shell.js'
import type { Attributes, Named } from './packet.js'

const typeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000, other: 0o010000 } as const
const letters = { directory: 'd', file: '-', symlink: 'l', other: 'p' } as const
/** As the kernel follows. */
const maxLinks = 40
/** Text for what stands in a list, of six months and less. */
const monthsMs = 182 * 24 * 3_600_000
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** What a text of the API stands for. */
export function bytesOf(path: string): Buffer {
  const bytes = pathBytes(path)
  return typeof bytes === 'string' ? Buffer.from(path) : Buffer.from(bytes)
}

export const attributesOf = ({ sizeBytes, uid, gid, mode, modifiedAt, type }: FileEntry): Attributes => ({
  ...{ size: sizeBytes, uid, gid, mode: typeBits[type] | Number.parseInt(mode, 8) },
  mtime: Math.max(0, Math.floor(Date.parse(modifiedAt) / 1000)),
})

/** @param name what it is called in the list */
export function namedOf(entry: FileEntry, name = bytesOf(entry.name)): Named {
  const { sizeBytes, uid, gid, mode, modifiedAt, type } = entry
  const bits = Number.parseInt(mode, 8)
  const rights = Array.from('rwxrwxrwx', (letter, at) => (bits & (0o400 >> at) ? letter : '-')).join('')
  const time = new Date(modifiedAt)
  const day = `${months[time.getUTCMonth()]} ${String(time.getUTCDate()).padStart(2)}`
  const recent = Math.abs(Date.now() - time.getTime()) < monthsMs
  const when = recent ? time.toISOString().slice(11, 16) : String(time.getUTCFullYear()).padStart(5)
  const line = `${letters[type]}${rights}    1 ${String(uid).padEnd(8)} ${String(gid).padEnd(8)} ${String(sizeBytes).padStart(8)} ${day} ${when} `
  return { name, long: Buffer.concat([Buffer.from(line), name]), attributes: attributesOf(entry) }
}

/** Files of a sandbox, as the API has them. Paths are bytes; those that are not absolute begin at the home directory. */
export class Files {
  constructor(private readonly shell: Shell) {}

  /** What is there; a link itself. @throws Refused */
  lstat(path: Buffer): Promise<FileEntry> {
    return this.#api.json(fileEntry, this.#get('files/stat', path))
  }

  /** What is there, and where, with links followed. @throws Refused */
  async follow(path: Buffer): Promise<{ path: Buffer; entry: FileEntry }> {
    let at = path
    for (let links = 0; links < maxLinks; links++) {
      const entry = await this.lstat(at)
      if (entry.type !== 'symlink' || entry.target === null) return { path: at, entry }
      const target = bytesOf(entry.target)
      // Not made simpler: a `..` is of where a link leads, and the node resolves it there.
      at = target[0] === slash ? target : Buffer.concat([directoryOf(at), target])
    }
    throw new Refused(400, 'invalid_request', 'there are too many links')
  }

  /** @returns undefined when nothing is there */
  async find(path: Buffer): Promise<{ path: Buffer; entry: FileEntry } | undefined> {
    try {
      return await this.follow(path)
    } catch (error) {
      if (error instanceof Refused && error.code === 'file_not_found') return undefined
      throw error
    }
  }

  /** @returns what is in a directory, in order, and whether that is all */
  async list(path: Buffer): Promise<{ entries: FileEntry[]; whole: boolean }> {
    const { entries, truncated } = await this.#api.json(fileTree, {
      ...{ method: 'GET', path: `${this.#path}/tree`, query: { path: pathText(path), depth: 1 } },
    })
    return { entries, whole: !truncated }
  }

  /** Bytes from `from` up to before `to`; fewer where the file ends. */
  async read(path: Buffer, from: number, to: number): Promise<Buffer> {
    try {
      const call = this.#get('files', path)
      const { body } = await this.#api.send({ ...call, headers: { range: `bytes=${from}-${to - 1}` } })
      return Buffer.from(await body.arrayBuffer())
    } catch (error) {
      if (error instanceof Refused && error.code === 'range_not_satisfiable') return Buffer.alloc(0)
      throw error
    }
  }

  /**
   * Writes a file, of which nothing is seen before all has come; or with `offset` behind its end, which must be there.
   * @param how `mode` in octal, of a new file
   */
  async write(
    path: Buffer,
    body: Readable,
    { mode, offset }: { mode?: string | undefined; offset?: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#api.done({
      ...{ method: 'PUT', path: `${this.#path}/files`, query: { path: pathText(path), mode, offset } },
      ...{ body, signal },
    })
  }

  async remove(path: Buffer): Promise<void> {
    await this.#api.done({ ...this.#get('files', path), method: 'DELETE' })
  }

  /** @throws Refused `conflict` when it is there already */
  async makeDirectory(path: Buffer): Promise<void> {
    const json = { path: pathText(path) }
    const code = await this.#api.done({ method: 'POST', path: `${this.#path}/files/mkdir`, json })
    if (code !== 201) throw new Refused(409, 'conflict', 'it is there already')
  }

  async move(from: Buffer, to: Buffer, overwrite: boolean): Promise<void> {
    const json = { from: pathText(from), to: pathText(to), overwrite }
    await this.#api.done({ method: 'POST', path: `${this.#path}/files/move`, json })
  }

  /** The owner of a file stays what the API makes it: clients send one with every change. */
  async change(path: Buffer, { mode, size, mtime }: Attributes): Promise<void> {
    if (size !== undefined) await this.#run('truncate', ['-s', String(size), '--'], path)
    if (mode !== undefined) {
      const json = { path: pathText(path), mode: (mode & 0o7777).toString(8).padStart(3, '0') }
      await this.#api.done({ method: 'POST', path: `${this.#path}/files/chmod`, json })
    }
    // It needs a program inside, which nearly every image has.
    if (mtime !== undefined) await this.#run('touch', ['-c', '-m', '-d', `@${mtime}`, '--'], path)
  }

  async link(target: Buffer, path: Buffer): Promise<void> {
    if (await this.#isThere(path)) throw new Refused(409, 'conflict', 'it is there already')
    await this.#run('ln', ['-s', '--', textOf(target)], path)
  }

  /** An absolute path without `.` and `..`; nothing need be there. */
  absolute(path: Buffer): Buffer {
    const home = path[0] === slash ? [] : [Buffer.from(`${this.shell.home}/`)]
    const whole = Buffer.concat([...home, path]).toString('latin1')
    const plain = posix.normalize(whole).replace(/(.)\/$/, '$1')
    return Buffer.from(plain, 'latin1')
  }

  /** @throws Refused unless a directory is there in which a file can be made */
  async assertParent(path: Buffer): Promise<void> {
    const parent = this.absolute(directoryOf(this.absolute(path)))
    const { entry } = await this.follow(parent)
    if (entry.type !== 'directory') throw new Refused(404, 'file_not_found', 'its directory is not there')
  }

  async #isThere(path: Buffer): Promise<boolean> {
    try {
      await this.lstat(path)
      return true
    } catch (error) {
      if (error instanceof Refused && error.code === 'file_not_found') return false
      throw error
    }
  }

  #run(program: string, args: readonly string[], path: Buffer): Promise<void> {
    return runShort(this.shell, [program, ...args, textOf(this.absolute(path))])
  }

  #get(what: string, path: Buffer) {
    return { method: 'GET' as const, path: `${this.#path}/${what}`, query: { path: pathText(path) } }
  }

  get #path(): string {
    return `/sandboxes/${this.shell.sandboxId}`
  }

  get #api() {
    return this.shell.api
  }
}

const slash = '/'.charCodeAt(0)

/** With the slash at its end; empty for a name alone. */
function directoryOf(path: Buffer): Buffer {
  return path.subarray(0, path.lastIndexOf(slash) + 1)
}

/** Arguments of programs are text. @throws Refused for bytes that are no UTF-8 */
function textOf(path: Buffer): string {
  const text = utf8(path)
  if (text !== undefined) return text
  throw new Refused(400, 'invalid_request', 'this needs a name that is UTF-8')
}
