/** One server-sent event. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
  /** Of the last event that had one. */
  readonly id: string
}

/**
 * Reads server-sent events. Whoever stops reading hangs up.
 * @param onId told of an id that came without data: it is no event, and what comes next is after it
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onId?: (id: string) => void,
): AsyncGenerator<ServerEvent, void, undefined> {
  let event = ''
  let data: string[] = []
  let id = ''
  for await (const line of lines(body)) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id }
      else if (id !== '') onId?.(id)
      event = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') id = value
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  // A line can be of many MiB: its parts are put together once, when its end has come.
  let parts: string[] = []
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const [rest = '', ...more] = decoder.decode(read.value, { stream: true }).split('\n')
      parts.push(rest)
      for (const next of more) {
        yield parts.join('').replace(/\r$/, '')
        parts = [next]
      }
    }
  } finally {
    await reader.cancel().catch(() => {}) // it broke, and whoever reads has heard of it
  }
}
