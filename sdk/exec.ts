import { concat, fromBase64, toBase64, toBytes, toText } from './bytes.js'
import { ConnectionFailed, errorOf } from './errors.js'
import { readEvents } from './events.js'
import type { Http } from './http.js'
import type { Command, ExecExit, ExecResult } from './types.js'

/** How a command is run. */
export interface ExecOptions {
  /** Working directory; the user's home if absent. */
  readonly cwd?: string
  /** Environment variables beside the sandbox's own. */
  readonly env?: Record<string, string>
  /** At most 8 MiB. Without it the command reads an empty input. */
  readonly stdin?: string | Uint8Array
  /** Kills the command after this time; 60,000 if absent, at most an hour. */
  readonly timeoutMs?: number
  /** `user` if absent. */
  readonly user?: 'user' | 'root'
  /** Aborting it kills the command. */
  readonly signal?: AbortSignal
}

/** What happens while a command runs. */
export type ExecEvent =
  | { readonly type: 'stdout' | 'stderr'; readonly bytes: Uint8Array }
  | ({ readonly type: 'exit' } & ExecExit)

/** `exec` keeps this much of each stream; `execEvents` bounds nothing. */
const keptBytes = 8 * 1024 * 1024

/** @throws ClocheError, and ConnectionFailed when the line broke: then it is unknown how the command went on */
export async function* execEvents(
  http: Http,
  sandboxId: string,
  command: Command,
  { signal, stdin, ...options }: ExecOptions,
): AsyncGenerator<ExecEvent, void, undefined> {
  const response = await http.send({
    method: 'POST',
    path: `/sandboxes/${sandboxId}/exec`,
    // An answer in one piece would leave the line silent until the end, and lines that are silent break.
    headers: { accept: 'text/event-stream' },
    json: {
      ...{ ...options, command, encoding: 'base64' },
      ...(stdin === undefined ? {} : { stdin: toBase64(toBytes(stdin)) }),
    },
    signal,
  })
  if (response.body === null) throw broken()
  try {
    for await (const { event, data } of readEvents(response.body)) {
      if (event === 'stdout' || event === 'stderr') {
        const { text }: { text: string } = JSON.parse(data)
        yield { type: event, bytes: fromBase64(text) }
      } else if (event === 'exit') {
        const exit: ExecExit = JSON.parse(data)
        yield { type: 'exit', ...exit }
        return
      } else if (event === 'error') {
        throw errorOf(
          'runtime_unavailable',
          'the runtime ended while the command ran; how it went on is unknown',
        )
      }
    }
  } catch (error) {
    if (signal?.aborted || !(error instanceof TypeError)) throw error
    throw broken(error)
  }
  throw broken()
}

const broken = (cause?: unknown) =>
  new ConnectionFailed('the line broke while the command ran; how it went on is unknown', cause)

/** Collects what `execEvents` yields. */
export async function collect(
  events: AsyncIterable<ExecEvent>,
  heard: { onStdout?: ((text: string) => void) | undefined; onStderr?: ((text: string) => void) | undefined },
): Promise<ExecResult> {
  const streams = { stdout: new Kept(heard.onStdout), stderr: new Kept(heard.onStderr) }
  for await (const event of events) {
    if (event.type !== 'exit') streams[event.type].add(event.bytes)
    else {
      const { stdout, stderr } = streams
      const { type: _, ...exit } = event
      return { ...exit, stdout: stdout.text(), stderr: stderr.text(), truncated: stdout.full || stderr.full }
    }
  }
  throw broken()
}

class Kept {
  readonly #chunks: Uint8Array[] = []
  readonly #decoder = new TextDecoder()
  #bytes = 0
  full = false

  constructor(private readonly heard: ((text: string) => void) | undefined) {}

  add(bytes: Uint8Array): void {
    this.heard?.(this.#decoder.decode(bytes, { stream: true }))
    const room = keptBytes - this.#bytes
    if (bytes.length > room) this.full = true
    if (room <= 0) return
    this.#chunks.push(bytes.subarray(0, room))
    this.#bytes += Math.min(room, bytes.length)
  }

  text(): string {
    return toText(concat(this.#chunks))
  }
}
