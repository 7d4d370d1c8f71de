import type { IncomingHttpHeaders } from 'node:http'

export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

/** An answer that is held as a whole. */
export interface Answer extends Head {
  readonly text: string
}
