import { ConnectionFailed } from './errors.js'
import { readEvents } from './events.js'
import { type Content, type Http, pause } from './http.js'
import type { BuildDescription, BuildEvent, BuildOptions } from './types.js'

/** Between tries to hear the rest of a build whose line broke; the server needs some seconds to start again. */
const resumeMs = 500
const resumeTries = 60

/** What `builds.start` takes beside the context. */
export interface StartBuild extends Omit<BuildOptions, 'secrets'> {
  /** Values by their ids, for `RUN --mount=type=secret`. They are kept nowhere. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>
  readonly signal?: AbortSignal
}

/** Dockerfiles that become templates. */
export class Builds {
  constructor(private readonly http: Http) {}

  /**
   * Sends a context and begins to build. This resolves when the context is there and the Dockerfile is understood; the build goes on then.
   *
   * @param template what it becomes; one of the tenant's own of that name is replaced when the build has succeeded
   * @param context a tar with the Dockerfile in it, plain or compressed with gzip
   * @throws InvalidRequest with the line of the Dockerfile that is not right or not supported
   * @throws QuotaExceeded, Conflict
   */
  start(template: string, context: Content, options: StartBuild = {}): Promise<BuildDescription> {
    const { signal, secrets = {}, ...rest } = options
    const wanted = {
      ...rest,
      secrets: Object.entries(secrets).map(([id, value]) => ({ id, value: base64(value) })),
    }
    const boundary = `cloche${crypto.randomUUID().replaceAll('-', '')}`
    const path = `/templates/${encodeURIComponent(template)}/builds`
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    return this.http.json({ method: 'POST', path, body: formOf(boundary, wanted, context), headers, signal })
  }

  /** The newest hundred. */
  async list(): Promise<BuildDescription[]> {
    return (await this.http.json<{ items: BuildDescription[] }>({ method: 'GET', path: '/builds' })).items
  }

  /** @throws NotFound */
  describe(template: string, id: string): Promise<BuildDescription> {
    return this.http.json({ method: 'GET', path: pathOf(template, id) })
  }

  /** Ends a build; one that has ended stays as it is. */
  cancel(template: string, id: string): Promise<BuildDescription> {
    return this.http.json({ method: 'DELETE', path: pathOf(template, id) })
  }

  /**
   * What a build tells, until its event `end`. Goes on where it was when the line breaks.
   * @param options `since`: the number of the last event that is known already
   */
  async *events(
    template: string,
    id: string,
    options: { since?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<BuildEvent, void, undefined> {
    const { since = 0, signal } = options
    let last = since
    for (let failures = 0; ; ) {
      try {
        for await (const event of this.#events(template, id, last, signal)) {
          last = event.number
          failures = 0
          yield event
          if (event.type === 'end') return
        }
        // All of it was known already, or the server ended in good order.
        if ((await this.describe(template, id)).status !== 'running' && failures > 0) return
        throw new ConnectionFailed('the server stopped sending events')
      } catch (error) {
        // What `fetch` and its streams throw when a line breaks is a TypeError.
        const broke = error instanceof ConnectionFailed || error instanceof TypeError
        if (!broke || signal?.aborted || ++failures > resumeTries) throw error
        await pause(resumeMs, signal)
      }
    }
  }

  async *#events(
    template: string,
    id: string,
    since: number,
    signal?: AbortSignal,
  ): AsyncGenerator<BuildEvent, void, undefined> {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(since) }
    const path = `${pathOf(template, id)}/events`
    const { body } = await this.http.send({ method: 'GET', path, headers, signal })
    if (body === null) return
    for await (const { data } of readEvents(body)) {
      const event: BuildEvent = JSON.parse(data)
      yield event
    }
  }
}

const pathOf = (template: string, id: string) =>
  `/templates/${encodeURIComponent(template)}/builds/${encodeURIComponent(id)}`

function base64(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** A form, sent as the context is read. */
function formOf(boundary: string, options: object, context: Content): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const part = (name: string, more: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n`
  const head = encoder.encode(
    `${part('options', '')}\r\n${JSON.stringify(options)}\r\n${part('context', '; filename="context.tar"')}content-type: application/x-tar\r\n\r\n`,
  )
  const reader = streamOf(context).getReader()
  let isFirst = true
  return new ReadableStream({
    async pull(controller) {
      if (isFirst) {
        isFirst = false
        controller.enqueue(head)
        return
      }
      const { done, value } = await reader.read()
      if (!done) {
        controller.enqueue(value)
        return
      }
      controller.enqueue(encoder.encode(`\r\n--${boundary}--\r\n`))
      controller.close()
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function streamOf(content: Content): ReadableStream<Uint8Array> {
  if (content instanceof ReadableStream) return content
  return new Blob([content instanceof Uint8Array ? new Uint8Array(content) : content]).stream()
}
