import { bodyOf } from './answer.js'
import { readEvents } from './events.js'
import type { Http } from './http.js'
import type { RegistryCredential, TransferDescription, TransferEvent } from './types.js'

/** Images of the registry of this server, on their way from and to other registries. */
export class Images {
  constructor(private readonly http: Http) {}

  /**
   * Brings an image of another registry into the registry of this server. This resolves when it has begun; `events` tells how far it is.
   *
   * @param from with the host of its registry: `registry.example.org/team/app:1.0`, or with `@sha256:…`
   * @param options `image`: where it is put, as `from` if absent; `template`: the name of a template that is made of it
   * @throws InvalidRequest; Conflict while too many are under way
   * @example
   * const { id } = await cloche.images.pull('registry.example.org/team/app:1.0', { template: 'app' })
   */
  pull(from: string, options: { image?: string; template?: string } = {}): Promise<TransferDescription> {
    return this.http.json({ method: 'POST', path: '/images/pull', json: { from, ...options } })
  }

  /**
   * Sends an image of the registry of this server to another registry.
   *
   * @param image such as `app:1.0` or `app@sha256:…`
   * @param to with the host of its registry
   * @throws NotFound when there is no such image; Conflict while too many are under way
   */
  push(image: string, to: string): Promise<TransferDescription> {
    return this.http.json({ method: 'POST', path: '/images/push', json: { image, to } })
  }

  /**
   * An image of the registry of this server as a tar, which is an OCI layout and what `docker save` writes. Digests stay.
   *
   * @param image such as `app:1.0` or `app@sha256:…`
   * @throws NotFound; Conflict while too many images are exported
   */
  async export(image: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const call = { method: 'GET', path: '/images/export', query: { image } } as const
    return bodyOf(await this.http.send({ ...call, signal }))
  }

  /** The newest hundred. */
  async transfers(): Promise<TransferDescription[]> {
    const path = '/transfers'
    return (await this.http.json<{ items: TransferDescription[] }>({ method: 'GET', path })).items
  }

  /** @throws NotFound */
  transfer(id: string): Promise<TransferDescription> {
    return this.http.json({ method: 'GET', path: pathOf(id) })
  }

  /** Ends a transfer; one that has ended stays as it is. */
  cancel(id: string): Promise<TransferDescription> {
    return this.http.json({ method: 'DELETE', path: pathOf(id) })
  }

  /**
   * What a transfer tells, until its event `end`.
   * @param options `since`: the number of the last event that is known already
   */
  async *events(
    id: string,
    options: { since?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<TransferEvent, void, undefined> {
    const { since = 0, signal } = options
    const headers = { accept: 'text/event-stream', 'last-event-id': String(since) }
    const { body } = await this.http.send({ method: 'GET', path: `${pathOf(id)}/events`, headers, signal })
    if (body === null) return
    for await (const { data } of readEvents(body)) {
      const event: TransferEvent = JSON.parse(data)
      yield event
    }
  }
}

/** What the tenant signs in to other registries with. */
export class Registries {
  constructor(private readonly http: Http) {}

  async list(): Promise<RegistryCredential[]> {
    const path = '/registries'
    return (await this.http.json<{ items: RegistryCredential[] }>({ method: 'GET', path })).items
  }

  /**
   * Stores credentials for one registry, instead of others. The password is encrypted, and not shown again.
   * @param host with its port, if it has one
   */
  set(host: string, login: { username: string; password: string }): Promise<RegistryCredential> {
    return this.http.json({ method: 'PUT', path: `/registries/${encodeURIComponent(host)}`, json: login })
  }

  /** @throws NotFound */
  delete(host: string): Promise<void> {
    return this.http.done({ method: 'DELETE', path: `/registries/${encodeURIComponent(host)}` })
  }
}

const pathOf = (id: string) => `/transfers/${encodeURIComponent(id)}`
