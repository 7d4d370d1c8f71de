import { z } from 'zod'
import { ApiError, call } from '../lib/api'
import { sandboxProcess } from '../lib/protocol'
import { Store } from '../terminal/store'

/** A terminal that something was started in. */
export interface StartedTerminal {
  readonly terminalId: string
  readonly name: string
  /** One that has ended, and whose place it takes. */
  readonly replaces: string | null
}

/** What is to be started. */
export interface Program {
  /** Of its tab. */
  readonly name: string
  /** For bash, which says it before it runs it. */
  readonly script: string
  readonly cwd: string
  /** What is said instead of the script. */
  readonly title?: string
}

/** What it has before there is a page that says what fits. */
const firstSize = { cols: 100, rows: 30 }

/** As in a terminal that was opened by hand: with what ~/.bashrc says. */
const shown = `printf '\\033[1m$ %s\\033[0m\\n' "\${2:-$1}"; eval "$1"`

/** Programs that the page starts for a person, each in a terminal that can be seen, and one of each name. */
export class Programs {
  /** The terminal that was started last, until it is shown. */
  readonly started = new Store<StartedTerminal | null>(null)
  readonly #last = new Map<string, string>()
  readonly #path: string
  #runProject: (() => void) | null = null

  constructor(sandboxId: string) {
    this.#path = `/sandboxes/${sandboxId}/processes`
  }

  /**
   * Ends the program of that name that was started before, and starts this one.
   * @throws ApiError as the API refuses
   */
  async start({ name, script, cwd, title = '' }: Program): Promise<void> {
    const before = this.#last.get(name) ?? null
    if (before !== null) await this.#end(before)
    const body = { command: ['/bin/bash', '-ic', shown, 'bash', script, title], cwd, tty: firstSize }
    const { id } = await call(sandboxProcess, this.#path, { method: 'POST', body })
    this.#last.set(name, id)
    this.started.set({ terminalId: id, name, replaces: before })
  }

  /** @returns what takes it back */
  onRun(run: () => void): () => void {
    this.#runProject = run
    return () => {
      if (this.#runProject === run) this.#runProject = null
    }
  }

  /** Runs the project that is worked on: whoever knows it does. */
  runProject(): void {
    this.#runProject?.()
  }

  async #end(id: string): Promise<void> {
    try {
      await call(z.unknown(), `${this.#path}/${id}`, { method: 'DELETE' })
    } catch (error) {
      // It has ended, or the sandbox was started anew since.
      if (!(error instanceof ApiError && error.code === 'not_found')) throw error
    }
  }
}
