import type { Http } from './http.js'
import type { PortDescription } from './types.js'

/** The ports of one sandbox. */
export class Ports {
  readonly #http: Http
  readonly #sandboxId: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    this.#http = http
    this.#sandboxId = sandboxId
  }

  /**
   * Those at which programs listen now. @throws Conflict for a hardened sandbox
   *
   * @example
   * await sandbox.processes.start('python3 -m http.server 8000')
   * const [{ port, process }] = await sandbox.ports.list() // 8000, 'python3'
   */
  async list(): Promise<PortDescription[]> {
    const { ports } = await this.#http.json<{ ports: PortDescription[] }>({
      ...{ method: 'GET', path: this.#path },
    })
    return ports
  }

  get #path(): string {
    return `/sandboxes/${this.#sandboxId}/ports`
  }
}
