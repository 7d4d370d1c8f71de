import { ConnectionFailed } from './errors.js'
import { readEvents } from './events.js'
import { type Http, pause } from './http.js'
import type { RunDescription, RunEvent } from './types.js'

/** Between tries to hear the rest of a run whose line broke; the server needs some seconds to start again. */
const resumeMs = 500
const resumeTries = 60

/** One run, from when it was handed in until it is forgotten. */
export class Run {
  readonly #http: Http

  /** @internal */
  constructor(
    http: Http,
    readonly id: string,
  ) {
    this.#http = http
  }

  /** How it stands, with all that came of it so far. @throws NotFound */
  describe(): Promise<RunDescription> {
    return this.#http.json({ method: 'GET', path: `/runs/${this.id}` })
  }

  /** Waits for its end. */
  async result(options: { signal?: AbortSignal } = {}): Promise<RunDescription> {
    for await (const event of this.events(options)) if (event.type === 'result') return event.run
    return this.describe()
  }

  /**
   * What happens, from the beginning, as it happens; the last is `result`. Goes on where it was when the line
   * breaks.
   *
   * @example
   * for await (const event of run.events()) {
   *   if (event.type === 'output' && event.encoding === 'utf8') process.stdout.write(event.content)
   * }
   */
  async *events(options: { signal?: AbortSignal } = {}): AsyncGenerator<RunEvent, void, undefined> {
    const { signal } = options
    let last = ''
    for (let failures = 0; ; ) {
      try {
        const response = await this.#http.send({
          ...{ method: 'GET', path: `/runs/${this.id}/events`, signal },
          headers: { accept: 'text/event-stream', ...(last === '' ? {} : { 'last-event-id': last }) },
        })
        if (response.body === null) throw new ConnectionFailed('the server sent no events')
        for await (const { data, id } of readEvents(response.body)) {
          const event: RunEvent = JSON.parse(data)
          last = id || last
          failures = 0
          yield event
          if (event.type === 'result') return
        }
        throw new ConnectionFailed('the server stopped sending events')
      } catch (error) {
        // What `fetch` and its streams throw when a line breaks is a TypeError.
        const broke = error instanceof ConnectionFailed || error instanceof TypeError
        if (!broke || signal?.aborted || ++failures > resumeTries) throw error
        await pause(resumeMs, signal)
      }
    }
  }

  /** Stops it, in whatever state it is; one that has ended stays as it is. */
  cancel(): Promise<RunDescription> {
    return this.#http.json({ method: 'DELETE', path: `/runs/${this.id}` })
  }
}
