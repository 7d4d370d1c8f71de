import { fromBase64, toBytes } from './bytes.js'
import { ConnectionFailed } from './errors.js'
import { readEvents } from './events.js'
import { type Content, type Http, pause } from './http.js'
import type { ExitStatus, ProcessDescription, SignalName } from './types.js'

/** What a process writes, and how it ends. `seq` is the number of the first byte. */
export type ProcessEvent =
  | { readonly type: 'stdout' | 'stderr'; readonly seq: number; readonly bytes: Uint8Array }
  /** What lies before `seq` is not kept any more. */
  | { readonly type: 'gap'; readonly seq: number }
  /** Of one with a terminal: what stands for all before `seq`. */
  | { readonly type: 'screen'; readonly seq: number; readonly bytes: Uint8Array }
  | { readonly type: 'resize'; readonly cols: number; readonly rows: number }
  | ({ readonly type: 'exit' } & ExitStatus)

/** The server answers a call that waits after so long, and is asked again. */
const waitSeconds = 60
/** A line that broke is opened again after this, as often as it brings something. */
const reopenMs = 500
const reopenTries = 20

/** A process of a sandbox. It goes on whoever listens, until it ends or its sandbox stops. */
export class Process {
  readonly #http: Http
  readonly #path: string

  /** @internal */
  constructor(
    http: Http,
    sandboxId: string,
    readonly id: string,
  ) {
    this.#http = http
    this.#path = `/sandboxes/${sandboxId}/processes/${encodeURIComponent(id)}`
  }

  /** Its command, its state, and how much it has written. @throws NotFound when it ended a while ago */
  describe(): Promise<ProcessDescription> {
    return this.#http.json({ method: 'GET', path: this.#path })
  }

  /** Waits for its end. @returns how it ended @throws NotFound */
  async wait({ signal }: { signal?: AbortSignal } = {}): Promise<ExitStatus> {
    for (;;) {
      const { exit } = await this.#http.json<ProcessDescription>({
        ...{ method: 'GET', path: this.#path, query: { waitSeconds }, signal },
      })
      if (exit !== null) return exit
    }
  }

  /**
   * What it has written and writes, from byte `since` on, and as the last event how it ended. Where the line breaks it
   * goes on by itself. Whoever stops listening leaves the process alone; whoever listens slowly makes it wait.
   *
   * @param options `since`: number of the first byte that is wanted; everything that is kept when it is left out
   * @example
   * for await (const event of process.output()) {
   *   if (event.type === 'stdout') print(event.bytes)
   * }
   */
  async *output(
    options: { since?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<ProcessEvent, void, undefined> {
    let { since } = options
    let failed = 0
    for (;;) {
      try {
        for await (const event of this.#read(since, options.signal)) {
          failed = 0
          yield event
          if (event.type === 'exit') return
          if ('bytes' in event) since = event.seq + (event.type === 'screen' ? 0 : event.bytes.length)
          else if (event.type === 'gap') since = event.seq
        }
      } catch (error) {
        if (options.signal?.aborted) throw error
        if (!(error instanceof TypeError || error instanceof ConnectionFailed)) throw error
      }
      if (++failed > reopenTries) throw new ConnectionFailed('the output of the process cannot be read on')
      await pause(reopenMs, options.signal)
    }
  }

  /**
   * Sends it input; returns when the process's pipe or terminal has taken all of it. A stream may be of any length.
   *
   * @throws Conflict when it has ended, or was started without `stdin`
   */
  async write(input: Content, { close = false }: { close?: boolean } = {}): Promise<void> {
    const body = typeof input === 'string' ? toBytes(input) : input
    await this.#http.done({ method: 'POST', path: `${this.#path}/stdin`, query: { close }, body })
  }

  /** The process reads the end of file after what was sent. */
  closeStdin(): Promise<void> {
    return this.write('', { close: true })
  }

  /** Sends a signal to it and its descendants. One that has ended is no error. */
  signal(signal: SignalName): Promise<void> {
    return this.#http.done({ method: 'POST', path: `${this.#path}/signal`, json: { signal } })
  }

  /** Gives its terminal this size. @throws InvalidRequest when it has none */
  resize(cols: number, rows: number): Promise<void> {
    return this.#http.done({ method: 'POST', path: `${this.#path}/resize`, json: { cols, rows } })
  }

  /** Kills it and its descendants; it is forgotten, with its output. */
  kill(): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: this.#path })
  }

  async *#read(
    since: number | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ProcessEvent, void, undefined> {
    const response = await this.#http.send({
      ...{ method: 'GET', path: `${this.#path}/output`, query: { since }, signal },
      headers: { accept: 'text/event-stream' },
    })
    if (response.body === null) return
    for await (const { event, data } of readEvents(response.body)) {
      const said = JSON.parse(data)
      if (event === 'stdout' || event === 'stderr' || event === 'screen') {
        yield { type: event, seq: said.seq, bytes: fromBase64(said.data) }
      } else if (event === 'gap') yield { type: event, seq: said.seq }
      else if (event === 'resize') yield { type: event, cols: said.cols, rows: said.rows }
      else if (event === 'exit') {
        yield { type: event, exitCode: said.exitCode, signal: said.signal }
        return
      } else if (event === 'error') return
    }
  }
}
