import { type Http, pages } from './http.js'
import type { SnapshotDescription } from './types.js'

/** The snapshots of the tenant: disks of sandboxes as they were at one moment. */
export class Snapshots {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * All of them, newest first.
   *
   * @param sandbox id of a sandbox: only those that were taken of it
   * @example
   * for await (const { id, name, sizeBytes } of cloche.snapshots.list()) console.log(id, name, sizeBytes)
   */
  list({ sandbox }: { sandbox?: string } = {}): AsyncGenerator<SnapshotDescription, void, undefined> {
    return pages(this.#http, '/snapshots', { sandbox })
  }

  /** @throws NotFound */
  describe(id: string): Promise<SnapshotDescription> {
    return this.#http.json({ method: 'GET', path: `/snapshots/${encodeURIComponent(id)}` })
  }

  /** Deletes one, for good. Sandboxes that were made from it stay as they are. @throws NotFound */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/snapshots/${encodeURIComponent(id)}` })
  }
}
