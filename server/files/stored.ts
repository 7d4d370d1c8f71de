import type { Readable } from 'node:stream'
import { z } from 'zod'
import {
  type ChangeHeaders,
  type changeMode,
  type copyFile,
  type FileEntry,
  fileEntry,
  type makeDirectory,
  type moveFile,
  type ReadHeaders,
  type removeQuery,
  type treeQuery,
  type WriteHeaders,
  type WriteQuery,
} from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import type { RuntimeClient } from '../runtime-client/client.js'

type Use = 'file.read' | 'file.write'

/** Whose files they are. */
export interface Stored {
  /** The node's calls about them begin with it. */
  readonly base: 'sandboxes' | 'volumes'
  /** @returns the node that has them. @throws ApiError */
  authorize(who: Principal, action: Use, id: string): Promise<RuntimeClient>
  /** What a path means that is not absolute. */
  path(path: string): string
  audit(who: Principal, action: string, id: string, detail: Record<string, string | boolean>): Promise<void>
}

/** Files of a sandbox or a volume. The node does the work and says the same as we say to people. */
export class StoredFiles {
  constructor(private readonly of: Stored) {}

  async stat(who: Principal, id: string, query: { path: string }): Promise<FileEntry> {
    const node = await this.of.authorize(who, 'file.read', id)
    return node.ask('GET', `/${this.of.base}/${id}/files/stat`, fileEntry, this.#at(query))
  }

  /** A `FileTree` as JSON, as the node says it: long ones would be read and written once more for nothing. */
  async tree(who: Principal, id: string, query: z.infer<typeof treeQuery>): Promise<ByteStream> {
    const node = await this.of.authorize(who, 'file.read', id)
    return node.stream('GET', `/${this.of.base}/${id}/tree`, this.#at(query))
  }

  /** The bytes of a file, or of a part of it. Destroying the answer ends the call. */
  async read(who: Principal, id: string, query: { path: string }, headers: ReadHeaders): Promise<ByteStream> {
    const node = await this.of.authorize(who, 'file.read', id)
    const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = headers
    const passed = { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch }
    return node.readFile(`/${this.of.base}/${id}/files`, this.#at(query), passed)
  }

  /** A whole tree as tar. Destroying the answer ends the call. */
  async pack(who: Principal, id: string, query: { path: string }): Promise<ByteStream> {
    const node = await this.of.authorize(who, 'file.read', id)
    return node.stream('GET', `/${this.of.base}/${id}/archive`, this.#at(query))
  }

  async move(
    who: Principal,
    id: string,
    wanted: z.infer<typeof moveFile>,
    headers: ChangeHeaders,
  ): Promise<FileEntry> {
    const node = await this.of.authorize(who, 'file.write', id)
    const moved = await node.ask(
      'POST',
      `/${this.of.base}/${id}/files/move`,
      fileEntry,
      {},
      { ...wanted, from: this.of.path(wanted.from), to: this.of.path(wanted.to) },
      passed(headers),
    )
    await this.of.audit(who, 'file.move', id, pathsOf(wanted))
    return moved
  }

  async copy(
    who: Principal,
    id: string,
    wanted: z.infer<typeof copyFile>,
    headers: ChangeHeaders,
  ): Promise<FileEntry> {
    const node = await this.of.authorize(who, 'file.write', id)
    const copied = await node.ask(
      'POST',
      `/${this.of.base}/${id}/files/copy`,
      fileEntry,
      {},
      { ...wanted, from: this.of.path(wanted.from), to: this.of.path(wanted.to) },
      passed(headers),
    )
    await this.of.audit(who, 'file.copy', id, pathsOf(wanted))
    return copied
  }

  async changeMode(who: Principal, id: string, wanted: z.infer<typeof changeMode>): Promise<FileEntry> {
    const node = await this.of.authorize(who, 'file.write', id)
    const changed = await node.ask(
      'POST',
      `/${this.of.base}/${id}/files/chmod`,
      fileEntry,
      {},
      this.#at(wanted),
    )
    await this.of.audit(who, 'file.chmod', id, wanted)
    return changed
  }

  async makeDirectory(who: Principal, id: string, wanted: z.infer<typeof makeDirectory>): Promise<FileEntry> {
    const node = await this.of.authorize(who, 'file.write', id)
    const made = await node.ask('POST', `/${this.of.base}/${id}/files/mkdir`, fileEntry, {}, this.#at(wanted))
    await this.of.audit(who, 'file.make_directory', id, { path: wanted.path })
    return made
  }

  async remove(
    who: Principal,
    id: string,
    query: z.infer<typeof removeQuery>,
    headers: ChangeHeaders,
  ): Promise<void> {
    const node = await this.of.authorize(who, 'file.write', id)
    await node.ask(
      'DELETE',
      `/${this.of.base}/${id}/files`,
      z.unknown(),
      this.#at(query),
      undefined,
      passed(headers),
    )
    await this.of.audit(who, 'file.delete', id, { path: query.path })
  }

  /** @returns the file, and whether it is new */
  async write(
    who: Principal,
    id: string,
    { path, mode, append, offset }: WriteQuery,
    headers: WriteHeaders,
    content: Readable,
  ): Promise<{ entry: FileEntry; created: boolean }> {
    const node = await this.of.authorize(who, 'file.write', id)
    const query = { path: this.of.path(path), mode: mode?.toString(8), append, offset }
    const { status, body } = await node.send(
      'PUT',
      `/${this.of.base}/${id}/files`,
      query,
      content,
      passed(headers),
    )
    const behind = append === 'true' || offset !== undefined
    await this.of.audit(who, behind ? 'file.append' : 'file.write', id, { path })
    return { entry: fileEntry.parse(body), created: status === 201 }
  }

  /** Unpacks a tar into a directory. */
  async unpack(who: Principal, id: string, { path }: { path: string }, content: Readable): Promise<void> {
    const node = await this.of.authorize(who, 'file.write', id)
    await node.send('PUT', `/${this.of.base}/${id}/archive`, { path: this.of.path(path) }, content)
    await this.of.audit(who, 'archive.write', id, { path })
  }

  #at<T extends { readonly path: string }>(query: T): T {
    return { ...query, path: this.of.path(query.path) }
  }
}

/** Of the headers of a call, the conditions: they are checked where the file is. */
const passed = ({ 'if-match': ifMatch, 'if-none-match': ifNoneMatch }: WriteHeaders) => ({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
})

const pathsOf = ({ from, to, overwrite }: z.infer<typeof moveFile>) => ({ from, to, overwrite })
