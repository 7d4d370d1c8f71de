import type { Http } from './http.js'
import { Process } from './process.js'
import type { Command, ProcessDescription, StartProcess } from './types.js'

/** The processes of one sandbox that outlive whoever started them. */
export class Processes {
  readonly #http: Http
  readonly #sandboxId: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    this.#http = http
    this.#sandboxId = sandboxId
  }

  /**
   * Starts a process that outlives this call. Its last output, about 1 MiB, is kept until ten minutes after its end.
   *
   * @param command a string is run by `/bin/sh -c`; an array is a program and its arguments, and no shell sees it
   * @throws SandboxNotRunning, InvalidRequest when there is no such program, Conflict when there are too many
   * @example
   * const server = await sandbox.processes.start('python3 -m http.server 8000')
   * const sort = await sandbox.processes.start(['sort'], { stdin: true })
   * await sort.write('b\na\n', { close: true })
   */
  async start(command: Command, options: StartProcess = {}): Promise<Process> {
    const { id } = await this.#http.json<ProcessDescription>({
      ...{ method: 'POST', path: this.#path, json: { ...options, command } },
    })
    return this.at(id)
  }

  /** One that was started before, by its id. Nothing is asked of the server yet. */
  at(id: string): Process {
    return new Process(this.#http, this.#sandboxId, id)
  }

  /** Those that run, terminals among them, and those that ended a short while ago. */
  async list(): Promise<ProcessDescription[]> {
    const { processes } = await this.#http.json<{ processes: ProcessDescription[] }>({
      ...{ method: 'GET', path: this.#path },
    })
    return processes
  }

  get #path(): string {
    return `/sandboxes/${this.#sandboxId}/processes`
  }
}
