import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Said {
  readonly status: number
  readonly text: string
  /** Tells connections apart. */
  readonly port: number | undefined
}

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** Makes calls one after the other on one connection, as browsers and proxies do. A call that waits for ever is ended. */
export class OneConnection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(
    private readonly url: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  async call({ method, path, headers, body }: Sent): Promise<Said> {
    const call = request(new URL(path, this.url), {
      ...{ method, agent: this.#agent, signal: AbortSignal.timeout(20_000) },
      headers: {
        ...this.headers,
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
    })
    let port: number | undefined
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', (response) => {
        port = response.socket.localPort
        resolve(response)
      })
      call.once('error', reject)
      call.end(body)
    })
    return { status: answer.statusCode ?? 0, text: await text(answer), port }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
