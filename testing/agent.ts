import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import type { Sandbox } from '../sdk/index.js'
import { type CommandLine, openCommandLine } from './command-line.js'

const texts = z.object({
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  isError: z.boolean().optional(),
})

type Arguments = Readonly<Record<string, unknown>>

/** What a tool answered: its texts, one behind the other. */
interface Told {
  readonly text: string
  readonly isError: boolean
}

/** How a message is sent without the official client. */
interface Way {
  /** The header `Authorization`; none if empty. */
  readonly as?: string
  readonly at?: URL
  readonly method?: string
}

/** The official client of the Model Context Protocol, connected to an instance with a sandbox `box`. */
export class Agent implements AsyncDisposable {
  readonly #clients: Client[] = []
  readonly url: URL
  readonly key: string
  readonly box: Sandbox

  private constructor(
    readonly line: CommandLine,
    readonly client = new Client({ name: 'test', version: '1' }),
  ) {
    this.url = new URL('/mcp', line.instance.url)
    this.key = line.instance.admin.apiKey
    this.box = line.cloche.sandboxes.at(line.box)
  }

  static async open(): Promise<Agent> {
    const agent = new Agent(await openCommandLine())
    await agent.connect(agent.key, agent.client)
    return agent
  }

  /** One more client, which is closed with this one. */
  async connect(key: string, client = new Client({ name: 'another', version: '1' })): Promise<Client> {
    this.#clients.push(client)
    const requestInit = { headers: { authorization: `Bearer ${key}` } }
    await client.connect(new StreamableHTTPClientTransport(this.url, { requestInit }))
    return client
  }

  async call(name: string, args: Arguments, as = this.client): Promise<Told> {
    const { content, isError } = texts.parse(await as.callTool({ name, arguments: args }))
    return { text: content.map(({ text }) => text).join('\n'), isError: isError ?? false }
  }

  /** @throws Error when the tool failed */
  async ok(name: string, args: Arguments, as = this.client): Promise<string> {
    const { text, isError } = await this.call(name, args, as)
    if (isError) throw new Error(`${name}: ${text}`)
    return text
  }

  /** The same about `box`. */
  inBox(name: string, args: Arguments = {}): Promise<string> {
    return this.ok(name, { sandbox: this.box.id, ...args })
  }

  /** Sends a body as it is. */
  async post(
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    { as = `Bearer ${this.key}`, at = this.url, method = 'POST' }: Way = {},
  ) {
    const answer = await fetch(at, {
      method,
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...(as === '' ? {} : { authorization: as }),
        ...headers,
      },
      ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    const { status, headers: told } = answer
    return { status, headers: told, text, body: isJson ? JSON.parse(text) : undefined }
  }

  /** Whether a command runs in the box that sleeps for so many seconds. */
  async sleeps(seconds: number): Promise<boolean> {
    const { stdout } = await this.box.exec(`pgrep -fx 'sleep ${seconds}' || true`)
    return stdout.trim() !== ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((one) => one.close()))
    await this.line[Symbol.asyncDispose]()
  }
}

/** A call as JSON-RPC has it. */
export const message = (method: string, params: object = {}, id: number | string = 1) => ({
  ...{ jsonrpc: '2.0', id, method, params },
})
