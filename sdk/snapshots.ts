import { bodyOf } from './answer.js'
import { type Http, pages } from './http.js'
import type { PushedImage, SnapshotDescription } from './types.js'

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

  /**
   * The files of a snapshot, with those of its template, as a tar that is made while it is read.
   * @param path a directory or a file; everything if absent
   * @throws NotFound
   * @throws FileNotFound
   */
  async pack(id: string, path?: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const call = {
      method: 'GET',
      path: `/snapshots/${encodeURIComponent(id)}/archive`,
      query: { path },
    } as const
    return bodyOf(await this.#http.send({ ...call, signal }))
  }

  /**
   * Makes an OCI image of a snapshot in the registry of this server, from where `docker pull` and others get it. Layers of its template
   * that are there already are used again; what differs from the template becomes one layer.
   *
   * @param image where it is put: `app:1.0`, or `app` for `app:latest`
   * @param signal ends it
   * @throws QuotaExceeded when its layers are more than the tenant has left of disk
   * @throws Conflict while another one is being made
   * @throws NotFound, InvalidRequest
   */
  toImage(id: string, image: string, signal?: AbortSignal): Promise<PushedImage> {
    const path = `/snapshots/${encodeURIComponent(id)}/image`
    return this.#http.json({ method: 'POST', path, json: { image }, signal })
  }

  /** Gives it another name. @throws Conflict when another snapshot has it; NotFound */
  rename(id: string, name: string): Promise<SnapshotDescription> {
    return this.#http.json({ method: 'PATCH', path: `/snapshots/${encodeURIComponent(id)}`, json: { name } })
  }

  /** Deletes one, for good. Sandboxes that were made from it stay as they are. @throws NotFound */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/snapshots/${encodeURIComponent(id)}` })
  }
}
