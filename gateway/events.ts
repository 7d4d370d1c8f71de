import type { Readable } from 'node:stream'

/** One server-sent event. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/** Reads server-sent events. Whoever stops reading hangs up. */
export async function* readEvents(body: Readable): AsyncGenerator<ServerEvent, void, undefined> {
  let event = ''
  let data = ''
  for await (const line of lines(body)) {
    if (line === '') {
      if (event !== '') yield { event, data }
      event = ''
      data = ''
    } else if (line.startsWith('event: ')) event = line.slice('event: '.length)
    else if (line.startsWith('data: ')) data = line.slice('data: '.length)
  }
}

/** Of ASCII, which the API writes. A line can be of many KiB: its parts are put together once. */
async function* lines(body: Readable): AsyncGenerator<string, void, undefined> {
  let parts: string[] = []
  for await (const chunk of body) {
    const [rest = '', ...more] = String(chunk).split('\n')
    parts.push(rest)
    for (const next of more) {
      yield parts.join('')
      parts = [next]
    }
  }
}
