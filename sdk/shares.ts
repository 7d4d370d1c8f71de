import type { Http } from './http.js'
import type { NewShare, ShareDescription, ShareLevel } from './types.js'

/** With whom one sandbox is shared. */
export class Shares {
  readonly #http: Http
  readonly #sandboxId: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    this.#http = http
    this.#sandboxId = sandboxId
  }

  /**
   * Makes a link; whoever has it and signs in sees this sandbox and nothing else of the tenant. `url` is told once.
   *
   * @param level `look` if absent: files, terminals and processes can be seen; with `type` they can be used
   * @param member e-mail address of a member of the tenant, whom it is shared with instead of by a link
   * @param expiresInSeconds a week if absent, at most 90 days
   * @throws NotFound when there is no such member; Conflict when there are too many shares
   * @example
   * const { url } = await sandbox.shares.create({ level: 'look', expiresInSeconds: 3600 })
   */
  create(
    options: { level?: ShareLevel; member?: string; expiresInSeconds?: number } = {},
  ): Promise<NewShare> {
    return this.#http.json({ method: 'POST', path: this.#path, json: options })
  }

  /** Those that are not over, with who came by them. */
  async list(): Promise<ShareDescription[]> {
    const { shares } = await this.#http.json<{ shares: ShareDescription[] }>({
      ...{ method: 'GET', path: this.#path },
    })
    return shares
  }

  /**
   * Changes what whoever came by it may do, or until when. It counts at once.
   *
   * @param expiresInSeconds from now on, at most 90 days
   * @throws NotFound, also of one that is over
   */
  change(id: string, wanted: { level?: ShareLevel; expiresInSeconds?: number }): Promise<ShareDescription> {
    return this.#http.json({ method: 'PATCH', path: `/shares/${encodeURIComponent(id)}`, json: wanted })
  }

  /** Stops one. Whoever came by it is cut off at once. @throws NotFound */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/shares/${encodeURIComponent(id)}` })
  }

  get #path(): string {
    return `/sandboxes/${this.#sandboxId}/shares`
  }
}
