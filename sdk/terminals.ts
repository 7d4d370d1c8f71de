import type { Http } from './http.js'
import { Terminal } from './terminal.js'
import type { OpenTerminal, TerminalDescription } from './types.js'

/** The terminals of one sandbox. They outlive whoever looks at them. */
export class Terminals {
  readonly #http: Http
  readonly #sandboxId: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    this.#http = http
    this.#sandboxId = sandboxId
  }

  /**
   * Opens a new terminal: a login shell, or a command of your own. Of a program that writes more than 1 MiB before
   * this client has joined it, the screen comes instead of the beginning.
   *
   * @example
   * await using terminal = await sandbox.terminals.open({ cols: 100, rows: 30 })
   * terminal.write('vim notes.txt\r')
   * for await (const event of terminal) {
   *   if (event.type === 'output') screen.write(event.bytes)
   * }
   */
  async open(options: OpenTerminal = {}): Promise<Terminal> {
    const { id, cols, rows } = await this.#http.json<TerminalDescription>({
      ...{ method: 'POST', path: `/sandboxes/${this.#sandboxId}/terminals`, json: options },
    })
    return Terminal.attach(this.#http, this.#sandboxId, id, { cols, rows, since: 0 })
  }

  /**
   * Joins a terminal that exists, beside others who look at it. It gets this client's size.
   *
   * @param options `since`: number of the first byte of output that is wanted; without it a screen comes first
   * @throws NotFound
   */
  attach(
    terminalId: string,
    options: { cols: number; rows: number; since?: number } = { cols: 80, rows: 24 },
  ): Promise<Terminal> {
    return Terminal.attach(this.#http, this.#sandboxId, terminalId, options)
  }

  /**
   * Those that run, those that ended a short while ago, and those that ended when the sandbox was stopped (`stoppedAt`): what
   * these showed is kept until they are closed, and is what `attach` gives.
   */
  async list(): Promise<TerminalDescription[]> {
    const { terminals } = await this.#http.json<{ terminals: TerminalDescription[] }>({
      ...{ method: 'GET', path: `/sandboxes/${this.#sandboxId}/terminals` },
    })
    return terminals
  }

  /** Ends a terminal's program, for everybody. @throws NotFound */
  close(terminalId: string): Promise<void> {
    return this.#http.done({
      ...{
        method: 'DELETE',
        path: `/sandboxes/${this.#sandboxId}/terminals/${encodeURIComponent(terminalId)}`,
      },
    })
  }
}
