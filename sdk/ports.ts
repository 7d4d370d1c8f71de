import type { Http } from './http.js'
import type { PortDescription, PortShare, PortVisibility } from './types.js'

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
   * Those at which programs listen now, and those that are shared. @throws Conflict for a hardened sandbox
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

  /**
   * Lets others open a port in a browser; `url` of the answer is where. It holds at once, whether something listens there
   * or not.
   *
   * @param visibility `public`: anybody; `tenant`: every member of the tenant
   * @param expiresAt of `public`: private again after this
   * @example
   * const { url } = await sandbox.ports.share(8000, { expiresAt: new Date(Date.now() + 3_600_000) })
   */
  share(
    port: number,
    { visibility = 'public', expiresAt }: { visibility?: PortVisibility; expiresAt?: Date } = {},
  ): Promise<PortShare> {
    const until = expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }
    return this.#http.json({ method: 'PUT', path: `${this.#path}/${port}`, json: { visibility, ...until } })
  }

  /** Only whoever may work in the sandbox may open it from now on. Others are cut off. */
  unshare(port: number): Promise<PortShare> {
    return this.share(port, { visibility: 'private' })
  }

  get #path(): string {
    return `/sandboxes/${this.#sandboxId}/ports`
  }
}
