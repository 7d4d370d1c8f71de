import { ConnectionFailed, errorOf } from './errors.js'
import type { Http } from './http.js'
import { Queue } from './queue.js'
import type { LanguageServer, LspEnded } from './types.js'

/** The last message (`lspEndedMethod` of the protocol). */
const endedMethod = '$/cloche/ended'

/** Which language server: by its name or by a language, and the directory it is started in, `/home/user` if absent. */
export type WantedLanguageServer = ({ server: string } | { language: string }) & { root?: string }

/** One message of JSON-RPC. */
export type LspMessage = Readonly<Record<string, unknown>>

/** The part of a WebSocket that browsers and `ws` have in common. */
interface Line {
  binaryType: string
  send(text: string): void
  close(): void
  addEventListener(type: 'open' | 'error' | 'close', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

/** The language servers of one sandbox: completion, diagnostics and the like. */
export class LanguageServers {
  readonly #http: Http
  readonly #sandboxId: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    this.#http = http
    this.#sandboxId = sandboxId
  }

  /** Those that are installed; of several for a language the one that `open` starts comes first. */
  async list(): Promise<LanguageServer[]> {
    const { servers } = await this.#http.json<{ servers: LanguageServer[] }>({
      ...{ method: 'GET', path: this.#path },
    })
    return servers
  }

  /**
   * Starts one. It ends with the connection.
   *
   * @throws ConnectionFailed when there is no connection; a refusal ends the messages
   * @example
   * await using server = await sandbox.languageServers.open({ language: 'python' })
   * server.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { processId: null, rootUri: null, capabilities: {} } })
   * for await (const message of server) console.log(message)
   */
  async open(wanted: WantedLanguageServer): Promise<LanguageServerConnection> {
    const url = new URL(`${this.#http.origin}/api/v1${this.#path}`)
    for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const line = await lineTo(url, this.#http.apiKey)
    const connection = new LanguageServerConnection(line)
    await new Promise<void>((resolve, reject) => {
      line.addEventListener('open', () => resolve())
      line.addEventListener('close', () =>
        reject(new ConnectionFailed(`${url.origin} gave no connection to a language server`)),
      )
    })
    return connection
  }

  get #path(): string {
    return `/sandboxes/${this.#sandboxId}/lsp`
  }
}

/** Messages to and from one language server. Iterate over it for what comes. */
export class LanguageServerConnection implements AsyncDisposable, AsyncIterable<LspMessage> {
  readonly #line: Line
  readonly #messages = new Queue<LspMessage>()
  #ended: LspEnded | undefined

  /** @internal */
  constructor(line: Line) {
    this.#line = line
    line.addEventListener('message', ({ data }) => this.#take(String(data)))
    line.addEventListener('error', () => {}) // and then it closes
    line.addEventListener('close', () => {
      const refusal = this.#ended?.code
      this.#messages.end(refusal == null ? {} : { error: errorOf(refusal, this.#ended?.message ?? '') })
    })
  }

  /** Why it ended, in words, and the end of what the server wrote to its standard error; undefined while it runs. */
  get ended(): LspEnded | undefined {
    return this.#ended
  }

  send(message: LspMessage): void {
    this.#line.send(JSON.stringify(message))
  }

  /** What comes, each message once, until it ends. @throws ClocheError as the API refuses */
  async *[Symbol.asyncIterator](): AsyncGenerator<LspMessage, void, undefined> {
    for (;;) {
      const message = await this.#messages.take()
      if (message === undefined) return
      yield message
    }
  }

  /** Ends the language server. */
  close(): void {
    this.#line.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #take(text: string): void {
    const message: LspMessage & { params?: LspEnded } = JSON.parse(text)
    if (message.method === endedMethod) this.#ended = message.params
    else this.#messages.push(message)
  }
}

/** A browser has the cookie and cannot send a header; elsewhere `ws` is loaded when it is first needed. */
async function lineTo(url: URL, apiKey: string | undefined): Promise<Line> {
  if (apiKey === undefined) return new WebSocket(url)
  const { WebSocket: WithHeaders } = await import('ws')
  return new WithHeaders(url, { headers: { authorization: `Bearer ${apiKey}` } })
}
