import { ConnectionFailed } from './errors.js'
import { readEvents } from './events.js'
import { type Http, pause } from './http.js'
import type { EventType, MissedEvents, TenantEvent } from './types.js'

/** Between tries to hear the rest when the line broke; a server needs some seconds to start again. */
const resumeMs = 500
const resumeTries = 60

/** What happens in the tenant: to sandboxes, runs, builds and hand-ins that the caller sees. */
export class Events {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Events as they happen, each once and in their order. Goes on where it was when the line breaks.
   *
   * @param options `types`: only these. `since`: position of the last event that is known; 0: all that are kept, which are
   * those of seven days; what comes from now on if absent. `follow`: whether to wait for more, which is so if absent
   * @returns also `missed`, instead of events that are not kept any more: look at everything once again
   * @throws Forbidden in an exam
   * @example
   * for await (const event of cloche.events.follow({ types: ['run.finished'] })) {
   *   if (event.type === 'missed') console.log('events up to', event.position, 'are gone')
   *   else console.log(event.timestamp, event.type, event.data)
   * }
   */
  async *follow(
    options: {
      readonly types?: readonly EventType[]
      readonly since?: number
      readonly follow?: boolean
      readonly signal?: AbortSignal
    } = {},
  ): AsyncGenerator<TenantEvent | MissedEvents, void, undefined> {
    const { types, since, follow = true, signal } = options
    let last = since === undefined ? '' : String(since)
    for (let failures = 0; ; ) {
      try {
        const { body } = await this.#http.send({
          ...{ method: 'GET', path: '/events', signal },
          query: { types: types?.join(','), follow: String(follow) },
          headers: { accept: 'text/event-stream', ...(last === '' ? {} : { 'last-event-id': last }) },
        })
        if (body === null) throw new ConnectionFailed('the server sent no events')
        const heard = (id: string) => {
          last = id || last
        }
        for await (const { data, id } of readEvents(body, heard)) {
          heard(id)
          failures = 0
          yield JSON.parse(data)
        }
        if (!follow) return
        throw new ConnectionFailed('the server stopped sending events')
      } catch (error) {
        // What `fetch` and its streams throw when a line breaks is a TypeError.
        const broke = error instanceof ConnectionFailed || error instanceof TypeError
        if (!broke || signal?.aborted || ++failures > resumeTries) throw error
        await pause(resumeMs, signal)
      }
    }
  }
}
