import { readEvents } from './events.js'
import { type Http, pages } from './http.js'
import type { CreateStack, StackDescription, StackPreview, StackWithFile } from './types.js'

/** What the services of a stack print, and how they end. */
export type StackLogEvent = {
  /** For `since`: all up to this event was read. */
  readonly id: string
  readonly service: string
} & (
  | { readonly type: 'log'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly type: 'gap' }
  | { readonly type: 'exit'; readonly exitCode: number | null; readonly signal: string | null }
)

const lookEveryMs = 500

/** Stacks of the tenant: several sandboxes from one compose file, which reach one another by their names. */
export class Stacks {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Starts the services of a compose file. Resolves when the file is understood and there is room for all of it.
   *
   * @param wanted `compose`: the file as YAML; `variables`: values for `${NAME}` in it; `files`: what stands in the files
   * that `env_file` names
   * @throws InvalidRequest with the path of what is wrong or not supported
   * @throws QuotaExceeded, Conflict when a name is taken
   * @example
   * const compose = `
   * services:
   *   web: {image: base, command: python3 -m http.server 8000, cpus: 0.2, mem_limit: 64m}
   * `
   * const { id } = await cloche.stacks.create({ name: 'site', compose })
   * const { state } = await cloche.stacks.settled(id)
   * console.log(state)
   * await cloche.stacks.delete(id)
   */
  create(wanted: CreateStack): Promise<StackWithFile> {
    return this.#http.json({ method: 'POST', path: '/stacks', json: wanted })
  }

  /**
   * What a compose file asks for: the templates of its services, how those are built that are (`builds.start`), and the
   * files that it names. Nothing is begun.
   *
   * @throws InvalidRequest with the path of what is wrong or not supported
   */
  plan(wanted: CreateStack): Promise<StackPreview> {
    return this.#http.json({ method: 'POST', path: '/stacks/plan', json: wanted })
  }

  /** All of them, newest first. */
  list(): AsyncGenerator<StackDescription, void, undefined> {
    return pages(this.#http, '/stacks')
  }

  /** @throws NotFound */
  describe(id: string): Promise<StackWithFile> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /**
   * Waits until a stack is not about to become something else: all its services were started or stopped, or that has
   * failed, which its `problem` says.
   */
  async settled(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<StackWithFile> {
    for (;;) {
      signal?.throwIfAborted()
      const found = await this.describe(id)
      if (!['starting', 'stopping', 'deleting'].includes(found.state)) return found
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  }

  /** Starts what does not run, in its order; also after a start that has failed. */
  start(id: string): Promise<StackWithFile> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/start` })
  }

  /** Stops all services, those first that depend on others. Their disks are kept. */
  stop(id: string): Promise<StackWithFile> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/stop` })
  }

  /** Deletes a stack with its sandboxes. Volumes stay. */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: pathOf(id) })
  }

  /**
   * What the services print, each line with the name of its service.
   *
   * @param options `follow`: waits for more, which is so if absent; `services`: only these; `since`: the id of the last
   * event that was read
   */
  async *logs(
    id: string,
    options: {
      readonly follow?: boolean
      readonly services?: readonly string[]
      readonly since?: string
      readonly signal?: AbortSignal
    } = {},
  ): AsyncGenerator<StackLogEvent, void, undefined> {
    const { follow = true, services, since, signal } = options
    const query = { follow: String(follow), services: services?.join(','), since }
    const headers = { accept: 'text/event-stream' }
    const { body } = await this.#http.send({
      method: 'GET',
      path: `${pathOf(id)}/logs`,
      query,
      headers,
      signal,
    })
    if (body === null) return
    for await (const { event, data, id: read } of readEvents(body)) {
      const told: StackLogEvent = { ...JSON.parse(data), type: event, id: read }
      yield told
    }
  }
}

const pathOf = (id: string) => `/stacks/${encodeURIComponent(id)}`
