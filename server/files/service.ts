import type { Readable } from 'node:stream'
import type { SearchQuery, WatchQuery } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import type { SandboxService } from '../sandboxes/service.js'
import { searchCommand, searchEvents } from './search.js'
import { StoredFiles } from './stored.js'
import { watchEvents } from './watch.js'

export type { ByteStream }

/** A sandbox's files. */
export class FileService extends StoredFiles {
  constructor(
    database: Database,
    private readonly sandboxes: SandboxService,
  ) {
    super({
      base: 'sandboxes',
      authorize: (...of) => sandboxes.authorize(...of),
      path: (path) => path,
      audit: (who, action, id, detail) => audit(database.prisma, who, action, id, detail),
    })
  }

  /**
   * Lines that contain something, as events while they are found.
   * @param aborted ends the search
   */
  async search(who: Principal, id: string, wanted: SearchQuery, aborted: AbortSignal): Promise<Readable> {
    const node = await this.sandboxes.authorize(who, 'file.search', id)
    return searchEvents(await node.exec(id, searchCommand(wanted), aborted, 'search'), wanted.limit)
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
}
