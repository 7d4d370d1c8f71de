import type { Transport } from '@codemirror/lsp-client'
import { z } from 'zod'
import { type LspEnded, lspClose, lspEnded, lspEndedMethod } from '../lib/protocol'
import type { EndReason } from './life'

/** A server that thinks for longer is not waited for. */
const answerMs = 20_000
const messageBytesMax = 16 * 1024 * 1024

const message = z.object({
  id: z.union([z.number(), z.string()]).nullish(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
})
const initialized = z.object({ capabilities: z.object({}) })

/** What is asked while somebody types or points: that it fails is no news. */
const passive: ReadonlySet<string> = new Set([
  'textDocument/completion',
  'textDocument/hover',
  'textDocument/signatureHelp',
])

export interface Ended {
  readonly reason: EndReason
  /** What the API says of it, where it could. */
  readonly detail: LspEnded | null
}

/**
 * One life of a language server, over a WebSocket. What it was asked is answered with nothing when it does not: only
 * `initialize` is left open, since the client would report that as an error.
 */
export class ServerSocket implements Transport {
  readonly #socket: WebSocket
  readonly #handlers = new Set<(value: string) => void>()
  readonly #asked = new Map<number, { readonly method: string; readonly timer: number | undefined }>()
  #detail: LspEnded | null = null
  #closed = false

  constructor(
    url: string,
    private readonly on: {
      readonly open: () => void
      readonly end: (how: Ended) => void
      /** It wants files to be changed. @returns whether they were */
      readonly edit: (params: unknown) => Promise<boolean>
    },
  ) {
    this.#socket = new WebSocket(url)
    this.#socket.onopen = () => on.open()
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string' && data.length <= messageBytesMax) this.#take(data)
    }
    this.#socket.onclose = ({ code }) => {
      if (this.#closed) return
      const known = Object.entries(lspClose).find(([, value]) => value === code)
      const reason = this.#detail?.reason ?? (known ? (known[0] as keyof typeof lspClose) : 'broken')
      this.#end()
      on.end({ reason, detail: this.#detail })
    }
  }

  send(text: string): void {
    const { id, method } = message.parse(JSON.parse(text))
    if (method === 'initialize') this.#write(withCapabilities(text))
    else this.#write(text)
    // Only `initialize` is waited for as long as the server lives: some read the whole project first.
    if (typeof id !== 'number' || method === undefined) return
    const limited = method !== 'initialize'
    const timer = limited ? window.setTimeout(() => this.#answerNothing(id), answerMs) : undefined
    this.#asked.set(id, { method, timer })
  }

  subscribe(handler: (value: string) => void): void {
    this.#handlers.add(handler)
  }

  unsubscribe(handler: (value: string) => void): void {
    this.#handlers.delete(handler)
  }

  close(): void {
    if (this.#closed) return
    this.#end()
    this.#socket.close(1000)
  }

  #write(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text)
  }

  #take(text: string): void {
    try {
      const { id, method, params, result, error } = message.parse(JSON.parse(text))
      if (method === lspEndedMethod) {
        this.#detail = lspEnded.parse(params)
        return
      }
      if (method === undefined && typeof id === 'number') {
        const asked = this.#asked.get(id)
        clearTimeout(asked?.timer)
        this.#asked.delete(id)
        // The client has no use for a server that does not begin.
        if (asked?.method === 'initialize' && !initialized.safeParse(result).success) {
          this.#socket.close()
        } else if (asked) {
          this.#tell(error && passive.has(asked.method) ? nothingFor(id) : text)
        }
        // What was given up is answered too late.
        return
      }
      if (method === 'workspace/applyEdit' && id !== undefined && id !== null) {
        void this.on.edit(params).then((applied) => {
          this.#write(JSON.stringify({ jsonrpc: '2.0', id, result: { applied } }))
        })
        return
      }
      this.#tell(text)
    } catch {
      // It is for the server to write what can be understood; the rest of the page does not suffer.
    }
  }

  #answerNothing(id: number): void {
    if (this.#asked.delete(id)) this.#tell(nothingFor(id))
  }

  #end(): void {
    this.#closed = true
    for (const [id, { method, timer }] of [...this.#asked]) {
      clearTimeout(timer)
      if (method !== 'initialize') this.#answerNothing(id)
    }
  }

  #tell(text: string): void {
    for (const handler of [...this.#handlers]) handler(text)
  }
}

const nothingFor = (id: number) => JSON.stringify({ jsonrpc: '2.0', id, result: null })

/** `initialize` as the page means it: the client's own says more than it does. */
function withCapabilities(text: string): string {
  const request = JSON.parse(text)
  const { textDocument } = request.params.capabilities
  // It does not ask for diagnostics: they have to be published.
  delete textDocument.diagnostic
  textDocument.documentSymbol = { hierarchicalDocumentSymbolSupport: true }
  textDocument.synchronization = { didSave: true }
  textDocument.codeAction = {
    codeActionLiteralSupport: { codeActionKind: { valueSet: ['', 'quickfix', 'refactor', 'source'] } },
    ...{ isPreferredSupport: true, disabledSupport: true, dataSupport: true },
    resolveSupport: { properties: ['edit'] },
  }
  const { rootUri } = request.params
  request.params.capabilities.workspace = {
    ...{ workspaceFolders: true, workspaceEdit: { documentChanges: true } },
    ...{ applyEdit: true, executeCommand: {} },
  }
  request.params.workspaceFolders = [{ uri: rootUri, name: rootUri.slice(rootUri.lastIndexOf('/') + 1) }]
  return JSON.stringify(request)
}
