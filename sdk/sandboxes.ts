import { type Http, pages } from './http.js'
import { Sandbox } from './sandbox.js'
import type { CreateSandbox, SandboxDescription } from './types.js'

/** The sandboxes of the tenant. */
export class Sandboxes {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Makes a sandbox; it runs when this returns. A call that breaks off is repeated, and makes one all the same.
   *
   * @throws QuotaExceeded, TemplateUnavailable, NoRoom
   * @example
   * const sandbox = await cloche.sandboxes.create({ limits: { cpus: 2, memoryMiB: 1024 }, ttlSeconds: 3600 })
   */
  async create(options: CreateSandbox = {}): Promise<Sandbox> {
    const { id } = await this.#http.json<SandboxDescription>({
      ...{ method: 'POST', path: '/sandboxes', json: options, idempotencyKey: crypto.randomUUID() },
    })
    return new Sandbox(this.#http, id)
  }

  /** A sandbox that exists, by its id. Asks the server nothing: its first call tells whether it is there. */
  at(id: string): Sandbox {
    return new Sandbox(this.#http, encodeURIComponent(id))
  }

  /**
   * All of them, newest first.
   *
   * @example
   * for await (const { id, name, state } of cloche.sandboxes.list()) console.log(id, name, state)
   */
  list(): AsyncGenerator<SandboxDescription, void, undefined> {
    return pages(this.#http, '/sandboxes')
  }
}
