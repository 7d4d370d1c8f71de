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
  type SearchQuery,
  type treeQuery,
  type WatchQuery,
  type WriteHeaders,
  type WriteQuery,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import type { SandboxService } from '../sandboxes/service.js'
import { searchCommand, searchEvents } from './search.js'
import { watchEvents } from './watch.js'

export type { ByteStream }

/** A sandbox's files. The node does the work and says the same as we say to people. */
export class FileService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  async stat(who: Principal, id: string, query: { path: string }): Promise<FileEntry> {
    const node = await this.sandboxes.authorize(who, 'file.read', id)
    return node.ask('GET', `/sandboxes/${id}/files/stat`, fileEntry, query)
  }

  /** A `FileTree` as JSON, as the node says it: long ones would be read and written once more for nothing. */
  async tree(who: Principal, id: string, query: z.infer<typeof treeQuery>): Promise<ByteStream> {
    const node = await this.sandboxes.authorize(who, 'file.read', id)
    return node.stream('GET', `/sandboxes/${id}/tree`, query)
  }

  /** The bytes of a file, or of a part of it. Destroying the answer ends the call. */
  async read(who: Principal, id: string, query: { path: string }, headers: ReadHeaders): Promise<ByteStream> {
    const node = await this.sandboxes.authorize(who, 'file.read', id)
    const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = headers
    const passed = { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch }
    return node.readFile(`/sandboxes/${id}/files`, query, passed)
  }

  /**
   * Lines that contain something, as events while they are found.
   * @param aborted ends the search
   */
  async search(who: Principal, id: string, wanted: SearchQuery, aborted: AbortSignal): Promise<Readable> {
    const node = await this.sandboxes.authorize(who, 'file.search', id)
    return searchEvents(await node.exec(id, searchCommand(wanted), aborted), wanted.limit)
  }

  /**
   * Changes below a directory, as events. The sandbox is in use as long, unless a page watches.
   * @param aborted ends it
   */
  async watch(who: Principal, id: string, wanted: WatchQuery, aborted: AbortSignal): Promise<Readable> {
    const node = await this.sandboxes.authorize(who, 'file.watch', id)
    const stream = await node.stream('GET', `/sandboxes/${id}/files/watch`, wanted, undefined, aborted)
    this.sandboxes.holdOpen(who, id, stream)
    return watchEvents(stream)
  }

  /** A whole tree as tar. Destroying the answer ends the call. */
  async pack(who: Principal, id: string, query: { path: string }): Promise<ByteStream> {
    const node = await this.sandboxes.authorize(who, 'file.read', id)
    return node.stream('GET', `/sandboxes/${id}/archive`, query)
  }

  async move(
    who: Principal,
    id: string,
    wanted: z.infer<typeof moveFile>,
    headers: ChangeHeaders,
  ): Promise<FileEntry> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    const moved = await node.ask(
      'POST',
      `/sandboxes/${id}/files/move`,
      fileEntry,
      {},
      wanted,
      passed(headers),
    )
    await this.#audit(who, 'file.move', id, pathsOf(wanted))
    return moved
  }

  async copy(
    who: Principal,
    id: string,
    wanted: z.infer<typeof copyFile>,
    headers: ChangeHeaders,
  ): Promise<FileEntry> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    const copied = await node.ask(
      'POST',
      `/sandboxes/${id}/files/copy`,
      fileEntry,
      {},
      wanted,
      passed(headers),
    )
    await this.#audit(who, 'file.copy', id, pathsOf(wanted))
    return copied
  }

  async changeMode(who: Principal, id: string, wanted: z.infer<typeof changeMode>): Promise<FileEntry> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    const changed = await node.ask('POST', `/sandboxes/${id}/files/chmod`, fileEntry, {}, wanted)
    await this.#audit(who, 'file.chmod', id, wanted)
    return changed
  }

  async makeDirectory(who: Principal, id: string, wanted: z.infer<typeof makeDirectory>): Promise<FileEntry> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    const made = await node.ask('POST', `/sandboxes/${id}/files/mkdir`, fileEntry, {}, wanted)
    await this.#audit(who, 'file.make_directory', id, { path: wanted.path })
    return made
  }

  async remove(
    who: Principal,
    id: string,
    query: z.infer<typeof removeQuery>,
    headers: ChangeHeaders,
  ): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    await node.ask('DELETE', `/sandboxes/${id}/files`, z.unknown(), query, undefined, passed(headers))
    await this.#audit(who, 'file.delete', id, { path: query.path })
  }

  /** @returns the file, and whether it is new */
  async write(
    who: Principal,
    id: string,
    { path, mode, append, offset }: WriteQuery,
    headers: WriteHeaders,
    content: Readable,
  ): Promise<{ entry: FileEntry; created: boolean }> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    const query = { path, mode: mode?.toString(8), append, offset }
    const { status, body } = await node.send('PUT', `/sandboxes/${id}/files`, query, content, passed(headers))
    const behind = append === 'true' || offset !== undefined
    await this.#audit(who, behind ? 'file.append' : 'file.write', id, { path })
    return { entry: fileEntry.parse(body), created: status === 201 }
  }

  /** Unpacks a tar into a directory. */
  async unpack(who: Principal, id: string, { path }: { path: string }, content: Readable): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'file.write', id)
    await node.send('PUT', `/sandboxes/${id}/archive`, { path }, content)
    await this.#audit(who, 'archive.write', id, { path })
  }

  async #audit(who: Principal, action: string, id: string, detail: Record<string, string | boolean>) {
    await audit(this.database.prisma, who, action, id, detail)
  }
}

/** Of the headers of a call, the conditions: they are checked where the file is. */
const passed = ({ 'if-match': ifMatch, 'if-none-match': ifNoneMatch }: WriteHeaders) => ({
  'if-match': ifMatch,
  'if-none-match': ifNoneMatch,
})

const pathsOf = ({ from, to, overwrite }: z.infer<typeof moveFile>) => ({ from, to, overwrite })
