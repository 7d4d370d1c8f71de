import type { WebSocket } from 'ws'
import type { Logger } from '../../common/log.js'
import { every } from '../../common/timers.js'
import { type LspClose, type LspEnded, lspClose, lspEndedMethod } from '../../protocol/api/index.js'
import type { LanguageServerProcess, ServerEnd } from './server-process.js'

/** Waits for a client that reads slowly; past it nothing is read of the language server. */
const highWaterBytes = 1024 * 1024
/** A client that answers no ping has gone; a server that reads nothing for as long is stuck. */
const pingMs = 20_000
/** What a WebSocket's closing frame has room for, in bytes. */
const maxReasonBytes = 120

/** One client's connection to one language server. */
export class LanguageServerConnection {
  #process: LanguageServerProcess | undefined
  #over = false
  #alive = true
  #waits = false
  readonly #ping: Disposable

  /** Nothing is read of `socket` before `join`. */
  constructor(
    private readonly socket: WebSocket,
    log: Logger,
  ) {
    socket.pause()
    socket.on('error', () => {}) // what it sent breaks the protocol, or is too long: it is closed with a code that says so
    socket.on('pong', () => {
      this.#alive = true
    })
    socket.once('close', () => this.#leave())
    this.#ping = every(pingMs, 'looking whether a client of a language server is there', log, () =>
      this.#check(),
    )
  }

  /** Passes messages on in both ways until one side ends. */
  join(process: LanguageServerProcess): void {
    if (this.#over) return void process.close()
    this.#process = process
    const { socket } = this
    socket.on('message', (message: Buffer, binary: boolean) => {
      const wrong = binary ? 'messages must be text' : problemOf(message)
      if (wrong !== undefined) return void this.end('badMessage', wrong)
      if (process.send(message, () => this.#resume())) return
      this.#waits = true
      socket.pause()
    })
    socket.resume()
    process.start(
      ({ bytes, last }) => {
        socket.send(bytes, { binary: false, fin: last }, () => {
          if (socket.bufferedAmount < highWaterBytes) process.resume()
        })
        if (socket.bufferedAmount >= highWaterBytes) process.pause()
      },
      (end) => this.#ended(process, end),
    )
  }

  /** Ends it, and the language server, with a reason. */
  end(reason: LspClose, message: string, more: Partial<LspEnded> = {}): void {
    if (this.#over) return
    const { socket } = this
    const process = this.#process
    const ended: LspEnded = {
      ...{ reason, message, code: null, exitCode: null, signal: null, stderr: process?.stderr ?? '' },
      ...more,
    }
    if (process?.withinMessage !== true) {
      socket.send(JSON.stringify({ jsonrpc: '2.0', method: lspEndedMethod, params: ended }))
    } else socket.send('', { fin: true })
    this.#leave()
    socket.close(lspClose[reason], shortened(message))
    // A client that does not answer the closing handshake is not waited for; it may be paused besides.
    socket.resume()
  }

  #ended(process: LanguageServerProcess, end: ServerEnd): void {
    const name = process.server.command[0] ?? ''
    if (!('exit' in end)) {
      return void this.end(
        end.reason,
        end.reason === 'garbage' ? `${name} was ended: ${end.message}` : words[end.reason],
      )
    }
    const { exitCode, signal } = end.exit
    if (end.reason === 'outOfMemory') {
      this.end('outOfMemory', `${name} was killed: the sandbox's memory is full`, end.exit)
    } else if (end.reason === 'killed') this.end('killed', `${name} was killed by ${signal}`, end.exit)
    else if (exitCode === 0) this.end('ended', `${name} has ended`, end.exit)
    else this.end('exited', `${name} ended with exit code ${exitCode}`, end.exit)
  }

  #resume(): void {
    this.#waits = false
    if (!this.#over) this.socket.resume()
  }

  #check(): void {
    if (!this.#alive) {
      if (this.#waits) this.end('stalled', 'the language server does not read what it is sent')
      return void this.socket.terminate()
    }
    this.#alive = false
    this.socket.ping()
  }

  #leave(): void {
    if (this.#over) return
    this.#over = true
    this.#ping[Symbol.dispose]()
    this.#process?.close()
  }
}

const words = {
  tooSlow: 'the client did not read what the language server wrote; some of it was lost',
  unreachable: 'the connection to the language server was lost: the sandbox or its node went away',
}

/** Whatever is an object in JSON is the language server's to judge. */
function problemOf(message: Buffer): string | undefined {
  const text = message.subarray(0, 64).toString('latin1').trimStart()
  return text.startsWith('{') ? undefined : 'a message must be one JSON-RPC message: a JSON object'
}

function shortened(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxReasonBytes) return text
  return `${bytes
    .subarray(0, maxReasonBytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
