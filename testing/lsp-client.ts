import { WebSocket } from 'ws'
import { z } from 'zod'
import { type LspEnded, lspEnded, lspEndedMethod } from '../protocol/api/index.js'
import type { TestClient } from './client.js'

const message = z.looseObject({
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
})
type Message = z.infer<typeof message>

const deadlineMs = 30_000

/** A client of a language server that speaks JSON-RPC and nothing else. */
export class LspClient implements Disposable {
  readonly notifications: Message[] = []
  readonly #answers = new Map<number, (answer: Message) => void>()
  #id = 0
  /** Resolves with the close code and reason, and what was said before. */
  readonly closed: Promise<{ code: number; reason: string; ended: LspEnded | undefined }>

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data, binary) => {
      if (binary) throw new Error('a binary message')
      this.#take(message.parse(JSON.parse(String(data))))
    })
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        const last = this.notifications.find(({ method }) => method === lspEndedMethod)
        resolve({ code, reason: String(reason), ended: last && lspEnded.parse(last.params) })
      })
    })
  }

  /** @throws Error `Unexpected server response: 403` when there is no WebSocket */
  static open(
    who: TestClient,
    sandboxId: string,
    query: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<LspClient> {
    const url = new URL(`/api/v1/sandboxes/${sandboxId}/lsp?${query}`, who.url)
    url.protocol = 'ws:'
    const socket = new WebSocket(url, { headers: { ...who.extraHeaders, ...headers } })
    const client = new LspClient(socket)
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(client)).once('error', reject)
    })
  }

  send(value: object): void {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...value }))
  }

  notify(method: string, params: object): void {
    this.send({ method, params })
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects, and that is its check
  request(method: string, params: object | null): Promise<any> {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), deadlineMs)
      this.#answers.set(id, ({ result, error }) => {
        clearTimeout(timer)
        if (error === undefined) resolve(result)
        else reject(new Error(JSON.stringify(error)))
      })
      this.send({ id, method, params })
    })
  }

  async initialize(root: string, capabilities: object = {}): Promise<unknown> {
    const rootUri = `file://${root}`
    const answer = await this.request('initialize', { processId: null, rootUri, capabilities })
    this.notify('initialized', {})
    return answer
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }

  #take(taken: Message): void {
    const { id, method } = taken
    if (method === undefined) this.#answers.get(Number(id))?.(taken)
    else if (id === undefined) this.notifications.push(taken)
    else this.send({ id, result: null }) // it asks for what this client does not have
  }
}
