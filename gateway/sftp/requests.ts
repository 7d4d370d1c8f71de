import { Refused } from '../api.js'
import { attributesOf, bytesOf, type Files, namedOf } from './files.js'
import { assertFile, Blocks, type Handle, Listing, Reading, Writing } from './handles.js'
import {
  type Attributes,
  type Fields,
  maxDataBytes,
  maxPacketBytes,
  openFlag,
  request,
  say,
  status,
} from './packet.js'

/** As OpenSSH's server has, of one client. */
const maxHandles = 200
/** What other servers take away of the permissions of new files. */
const umask = 0o022

export const extensions = {
  'posix-rename@openssh.com': '1',
  'limits@openssh.com': '1',
  'expand-path@openssh.com': '1',
} as const

const unsupported = () => new Refused(400, 'unsupported', 'this server does not do that')

/** Answers requests, each by calls of the API. Those of one file are done in their order. */
export class Requests {
  readonly #handles = new Map<number, { readonly handle: Handle; last: Promise<unknown> }>()
  readonly #blocks = new Blocks()
  #next = 0

  constructor(private readonly files: Files) {}

  /** @returns the packet of the answer @throws Refused, Malformed */
  async answer(type: number, id: number, fields: Fields): Promise<Buffer> {
    const { files } = this
    const done = say.status(id, status.ok)
    switch (type) {
      case request.open:
        return say.handle(id, await this.#open(fields.bytes(), fields.uint32(), fields.attributes()))
      case request.opendir:
        return say.handle(id, await this.#openDirectory(fields.bytes()))
      case request.read: {
        const [number, offset, length] = [fields.bytes(), fields.uint64(), fields.uint32()]
        const handle = this.#of(number)
        if (!(handle instanceof Reading))
          throw new Refused(400, 'invalid_request', 'it is not open to be read')
        const bytes = length === 0 ? undefined : await handle.read(offset, length)
        return bytes?.length === 0 ? say.status(id, status.eof) : say.data(id, bytes ?? Buffer.alloc(0))
      }
      case request.write: {
        const [number, offset, bytes] = [fields.bytes(), fields.uint64(), fields.bytes()]
        await this.#inOrder(number, async (handle) => {
          if (handle instanceof Writing) return handle.write(offset, bytes)
          throw new Refused(400, 'invalid_request', 'it is not open to be written')
        })
        return done
      }
      case request.readdir: {
        const handle = this.#of(fields.bytes())
        if (!(handle instanceof Listing)) throw new Refused(400, 'invalid_request', 'it is no directory')
        const names = handle.next()
        return names === undefined ? say.status(id, status.eof) : say.names(id, names)
      }
      case request.close:
        await this.#close(fields.bytes())
        return done
      case request.fstat: {
        const handle = this.#of(fields.bytes())
        if (handle instanceof Listing) throw unsupported()
        return say.attributes(id, await handle.attributes())
      }
      case request.fsetstat: {
        const [number, attributes] = [fields.bytes(), fields.attributes()]
        await this.#inOrder(number, async (handle) => {
          if (!(handle instanceof Writing)) throw unsupported()
          await handle.change(attributes)
        })
        return done
      }
      case request.lstat:
        return say.attributes(id, attributesOf(await files.lstat(pathOf(fields.bytes()))))
      case request.stat:
        return say.attributes(id, attributesOf((await files.follow(pathOf(fields.bytes()))).entry))
      case request.setstat: {
        const [path, attributes] = [pathOf(fields.bytes()), fields.attributes()]
        await files.change((await files.follow(path)).path, attributes)
        return done
      }
      case request.remove: {
        const path = pathOf(fields.bytes())
        if ((await files.lstat(path)).type === 'directory')
          throw new Refused(400, 'invalid_request', 'it is a directory')
        await files.remove(path)
        return done
      }
      case request.rmdir: {
        const path = pathOf(fields.bytes())
        if ((await files.lstat(path)).type !== 'directory')
          throw new Refused(400, 'invalid_request', 'it is no directory')
        await files.remove(path)
        return done
      }
      case request.mkdir: {
        const [path, { mode }] = [pathOf(fields.bytes()), fields.attributes()]
        await files.assertParent(path)
        await files.makeDirectory(path)
        // A new one has 755, as most clients ask for.
        if (mode !== undefined && (mode & 0o777 & ~umask) !== 0o755) {
          await files.change(path, { mode: mode & 0o777 & ~umask })
        }
        return done
      }
      case request.rename:
        await this.#rename(pathOf(fields.bytes()), pathOf(fields.bytes()), false)
        return done
      case request.readlink: {
        const { target } = await files.lstat(pathOf(fields.bytes()))
        if (target === null) throw new Refused(400, 'invalid_request', 'it is no link')
        return this.#name(id, bytesOf(target))
      }
      case request.symlink: {
        // OpenSSH sends where it leads first, whatever the draft says, and all clients follow it.
        const [target, path] = [fields.bytes(), pathOf(fields.bytes())]
        await files.link(target, path)
        return done
      }
      case request.realpath:
        return this.#name(id, files.absolute(fields.bytes()))
      case request.extended:
        return this.#extended(fields.bytes().toString(), id, fields)
      default:
        throw unsupported()
    }
  }

  /** The client has gone. */
  abandon(): void {
    for (const { handle } of this.#handles.values()) if (handle instanceof Writing) handle.abandon()
    this.#handles.clear()
  }

  async #extended(name: string, id: number, fields: Fields): Promise<Buffer> {
    if (name === 'posix-rename@openssh.com') {
      await this.#rename(pathOf(fields.bytes()), pathOf(fields.bytes()), true)
      return say.status(id, status.ok)
    }
    if (name === 'limits@openssh.com') {
      return say.limits(id, [maxPacketBytes, maxDataBytes, maxDataBytes, maxHandles])
    }
    if (name === 'expand-path@openssh.com') {
      const path = fields.bytes().toString('latin1')
      if (/^~[^/]/.test(path)) throw unsupported()
      return this.#name(id, this.files.absolute(Buffer.from(path.replace(/^~\/?/, ''), 'latin1')))
    }
    throw unsupported()
  }

  #name(id: number, name: Buffer): Buffer {
    return say.names(id, [{ name, long: name, attributes: {} }])
  }

  async #rename(from: Buffer, to: Buffer, overwrite: boolean): Promise<void> {
    await this.files.assertParent(to)
    await this.files.move(from, to, overwrite)
  }

  async #open(name: Buffer, flags: number, { mode }: Attributes): Promise<Buffer> {
    const { files } = this
    const path = pathOf(name)
    const has = (flag: number) => (flags & flag) !== 0
    const found = await files.find(path)
    if (found !== undefined) assertFile(found.entry)
    if (!has(openFlag.write)) {
      if (found === undefined) throw new Refused(404, 'file_not_found', 'there is no such file')
      return this.#add(new Reading(files, found.path, this.#blocks, this.#next))
    }
    if (found === undefined) {
      if (!has(openFlag.create)) throw new Refused(404, 'file_not_found', 'there is no such file')
      await files.assertParent(path)
    } else if (has(openFlag.exclusive) && has(openFlag.create)) {
      throw new Refused(409, 'conflict', 'it is there already')
    }
    const replaces = found === undefined || has(openFlag.truncate)
    const from = replaces ? undefined : found.entry.sizeBytes
    const rights =
      found === undefined ? ((mode ?? 0o644) & 0o777 & ~umask).toString(8).padStart(3, '0') : undefined
    return this.#add(new Writing(files, found?.path ?? path, from, rights, has(openFlag.append)))
  }

  async #openDirectory(name: Buffer): Promise<Buffer> {
    const { path, entry } = await this.files.follow(pathOf(name))
    if (entry.type !== 'directory') throw new Refused(400, 'invalid_request', 'it is no directory')
    const { entries, whole } = await this.files.list(path)
    const own = ['.', '..'].map((dots) => namedOf(entry, Buffer.from(dots)))
    return this.#add(new Listing([...own, ...entries.map((one) => namedOf(one))], whole))
  }

  #add(handle: Handle): Buffer {
    if (this.#handles.size >= maxHandles) throw new Refused(429, 'conflict', 'too many files are open')
    const number = this.#next++
    this.#handles.set(number, { handle, last: Promise.resolve() })
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    return bytes
  }

  #of(number: Buffer): Handle {
    return this.#entry(number).handle
  }

  #entry(number: Buffer) {
    const entry = number.length === 4 ? this.#handles.get(number.readUInt32BE()) : undefined
    if (entry === undefined) throw new Refused(400, 'invalid_request', 'there is no such handle')
    return entry
  }

  async #inOrder(number: Buffer, act: (handle: Handle) => Promise<void>): Promise<void> {
    const entry = this.#entry(number)
    const acted = entry.last.then(() => act(entry.handle))
    entry.last = acted.catch(() => {}) // whoever asked hears of it
    await acted
  }

  async #close(number: Buffer): Promise<void> {
    try {
      await this.#inOrder(number, async (handle) => {
        if (handle instanceof Writing) await handle.close()
      })
    } finally {
      this.#handles.delete(number.readUInt32BE())
    }
  }
}

/** An empty path is where one begins. */
const pathOf = (bytes: Buffer): Buffer => (bytes.length === 0 ? Buffer.from('.') : bytes)
