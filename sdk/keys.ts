import type { Http } from './http.js'
import type { ApiKeyCreated, ApiKeyDescription, CreateApiKey } from './types.js'

/** API keys of the tenant: all of them for its owners and admins, and for a key of one those that it made. */
export class Keys {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Makes a key. A key makes only keys with limits, which are deleted with it.
   *
   * @param wanted `limits`: what bounds it; they cannot be changed later
   * @returns the key itself too, as `key`: it is shown this once
   * @throws PermissionDenied unless the caller is an owner or admin, or a key of one
   * @example
   * const limits = { templates: ['base'], sandboxes: 2, ttlSeconds: 3600, network: 'none', ownOnly: true }
   * const { id, key } = await cloche.keys.create({ name: 'agent', limits })
   * const agent = new Cloche({ url: process.env.CLOCHE_URL, apiKey: key })
   * await using sandbox = await agent.sandboxes.create({ network: 'none' })
   * console.log((await sandbox.exec('echo bounded')).stdout) // bounded
   * await cloche.keys.delete(id)
   */
  create(wanted: CreateApiKey): Promise<ApiKeyCreated> {
    return this.#http.json({ method: 'POST', path: '/keys', json: wanted })
  }

  /** Newest first. */
  async list(): Promise<ApiKeyDescription[]> {
    const { keys } = await this.#http.json<{ keys: ApiKeyDescription[] }>({ method: 'GET', path: '/keys' })
    return keys
  }

  /** Deletes one: whatever uses it loses access at once, and so does what uses the keys that it made. @throws NotFound */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/keys/${encodeURIComponent(id)}` })
  }
}
