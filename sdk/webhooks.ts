import { type Http, pages } from './http.js'
import type {
  ChangeWebhook,
  CreateWebhook,
  WebhookDelivery,
  WebhookDescription,
  WebhookWithSecret,
} from './types.js'

/** Where the events of the tenant are sent. Owners and admins manage it, and keys that they made. */
export class Webhooks {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Has events sent to a URL from now on, signed by the scheme of Standard Webhooks, and again for two days until they are taken.
   *
   * @param wanted `types`: which events; all if absent
   * @returns with the secret, which is not told again
   * @throws InvalidRequest when the address is not public
   * @throws QuotaExceeded when there are too many
   * @example
   * const { id, secret } = await cloche.webhooks.create({
   *   ...{ url: 'https://hooks.example.org/cloche', types: ['run.finished'] },
   * })
   */
  create(wanted: CreateWebhook): Promise<WebhookWithSecret> {
    return this.#http.json({ method: 'POST', path: '/webhooks', json: wanted })
  }

  /** All of them, newest first. */
  list(): AsyncGenerator<WebhookDescription, void, undefined> {
    return pages(this.#http, '/webhooks')
  }

  /** @throws NotFound */
  describe(id: string): Promise<WebhookDescription> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /** Changes what is named, or disables it with `enabled: false`. @throws InvalidRequest, NotFound */
  update(id: string, change: ChangeWebhook): Promise<WebhookDescription> {
    return this.#http.json({ method: 'PATCH', path: pathOf(id), json: change })
  }

  /** Makes a new secret. The one before signs too for a day. @throws NotFound */
  rotateSecret(id: string): Promise<WebhookWithSecret> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/secret` })
  }

  /** Deletes one with its deliveries. @throws NotFound */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: pathOf(id) })
  }

  /** What was sent and what was not, of the newest event first. @param of `state`: only those */
  deliveries(
    id: string,
    of: { state?: WebhookDelivery['state'] } = {},
  ): AsyncGenerator<WebhookDelivery, void, undefined> {
    return pages(this.#http, `${pathOf(id)}/deliveries`, of)
  }

  /** Sends one event again, whatever came of it. @throws Conflict while the webhook is disabled */
  replay(id: string, deliveryId: string): Promise<WebhookDelivery> {
    const path = `${pathOf(id)}/deliveries/${encodeURIComponent(deliveryId)}/replay`
    return this.#http.json({ method: 'POST', path })
  }

  /**
   * Sends all events again whose delivery has failed.
   * @param since of events from then on
   * @returns how many there are
   * @throws Conflict while the webhook is disabled
   */
  async replayFailed(id: string, since: Date): Promise<number> {
    const json = { since: since.toISOString() }
    const path = `${pathOf(id)}/replay`
    return (await this.#http.json<{ replayed: number }>({ method: 'POST', path, json })).replayed
  }
}

const pathOf = (id: string) => `/webhooks/${encodeURIComponent(id)}`
