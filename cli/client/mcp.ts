import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { readEvents } from '../../sdk/events.js'
import type { Command } from '../command.js'
import { type Account, readAccount } from './account.js'
import { endWhenNobodyReads } from './output.js'

/** Whoever closes the input has gone, or is a pipe that waits for the answers to what it sent. */
const lastAnswersMs = 5000

export const mcp: Command = {
  name: 'mcp',
  group: 'Sandboxes',
  summary: 'Give a program on this machine the tools of Cloche, over stdio (MCP)',
  details:
    'For desktop clients of the Model Context Protocol, which start it and speak to it on stdin and stdout. It passes\n' +
    'each message on to /mcp of the Cloche of CLOCHE_URL and CLOCHE_API_KEY, or of cloche login, and the answers back.\n' +
    'How clients are configured: docs/how-to/connect-an-agent.md.',
  completes: async () => [],
  async run() {
    endWhenNobodyReads()
    const relay = new Relay(readAccount(process.env))
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.trim() !== '') relay.take(line)
    }
    await relay.end()
    return 0
  },
}

/** What is read of a message here; all of it is checked where it is answered. */
interface Message {
  readonly id?: unknown
  readonly method?: unknown
  readonly result?: { readonly protocolVersion?: unknown }
}

/** Passes messages on. Several are under way at once: one that says that another is cancelled does not wait for it. */
class Relay {
  readonly #url: string
  readonly #underWay = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #session: string | undefined
  #version: string | undefined

  constructor(private readonly account: Account) {
    this.#url = `${account.url.replace(/\/+$/, '')}/mcp`
  }

  take(line: string): void {
    const passing = this.#pass(line).finally(() => this.#underWay.delete(passing))
    this.#underWay.add(passing)
  }

  /** Waits a little for what is under way, and ends it. */
  async end(): Promise<void> {
    const patience = new AbortController()
    const late = sleep(lastAnswersMs, undefined, { signal: patience.signal }).catch(() => {})
    await Promise.race([Promise.all(this.#underWay), late])
    patience.abort()
    this.#stop.abort()
  }

  async #pass(line: string): Promise<void> {
    const message = jsonOf(line)
    if (message === undefined) {
      return say(failure(null, -32700, 'the line is not JSON; a message is one line'))
    }
    // Of a list no single message could be answered.
    const { id, method }: Message = Array.isArray(message) || message === null ? {} : message
    try {
      await this.#post(line, method === 'initialize')
    } catch (error) {
      if (this.#stop.signal.aborted) return
      if (id === undefined || method === undefined) console.error(`cloche: ${reasonOf(error)}`)
      else say(failure(id, -32000, reasonOf(error)))
    }
  }

  async #post(line: string, initializes: boolean): Promise<void> {
    const answer = await fetch(this.#url, {
      ...{ method: 'POST', body: line, redirect: 'manual', signal: this.#stop.signal },
      headers: {
        authorization: `Bearer ${this.account.apiKey}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...(this.#session === undefined ? {} : { 'mcp-session-id': this.#session }),
        ...(this.#version === undefined ? {} : { 'mcp-protocol-version': this.#version }),
      },
    })
    if (!answer.ok) throw new Error(await refusalOf(answer))
    const hear = (text: string) => {
      const message = jsonOf(text)
      if (message === undefined) throw new Error(notCloche(answer))
      const { result }: Message = message ?? {}
      const version = result?.protocolVersion
      if (initializes && typeof version === 'string') this.#version = version
      say(message)
    }
    this.#session = answer.headers.get('mcp-session-id') ?? this.#session
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (!isStream || answer.body === null) {
      const text = await answer.text()
      if (text.trim() !== '') hear(text)
      return
    }
    for await (const { data } of readEvents(answer.body)) hear(data)
  }
}

const failure = (id: unknown, code: number, message: string) => ({
  ...{ jsonrpc: '2.0', id, error: { code, message } },
})

const say = (message: object) => void process.stdout.write(`${JSON.stringify(message)}\n`)

/** What a server says that does not take the message, in the forms that it has. */
async function refusalOf(answer: Response): Promise<string> {
  const text = await answer.text()
  const told: { detail?: unknown; error?: { message?: unknown } } | undefined = jsonOf(text)
  const words = told?.detail ?? told?.error?.message
  if (typeof words === 'string') return words
  return notCloche(answer)
}

const notCloche = ({ url, status }: Response) =>
  `${url} answered ${status}, not as a Cloche does; check CLOCHE_URL`

/** @returns undefined for what is not JSON */
function jsonOf(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // typed by hand, or the page of a proxy
  }
}

/** Of `fetch` the cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && cause.message !== '' ? `${error.message}: ${cause.message}` : error.message
}
