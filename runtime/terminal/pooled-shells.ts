import { closeSync, writeSync } from 'node:fs'
import { pipe } from '../linux/libc.js'
import { type Reaper, startTime } from '../linux/process.js'
import { type Place, type StartedOnPty, startOnPty } from '../process/start.js'

/**
 * Waits for one line on descriptor 3 and becomes the shell. bash reads the host name once, when it starts, so a bash
 * that stood at its prompt in the pool would show the pool's name for ever; this one starts within the few
 * milliseconds of its own beginning, and knows only the sandbox it was claimed as. The line holds what is added to its
 * environment: words of the form `NAME=value`.
 */
const become = 'read -r go <&3 && exec 3<&- && { [ -z "$go" ] || export $go; } && exec "$@"'
/** Whoever takes the shell gives the terminal its size before it lets it begin. */
const sizeBefore = { cols: 80, rows: 24 }
const waitThenBecome = ['/bin/sh', '-c', become, 'sh']

/** A pseudo-terminal with a process on it that waits to become the shell. */
export interface ReadyShell {
  readonly pty: StartedOnPty
  /** Lets it become the shell, with `environment` added to its own. Once. */
  begin(environment: readonly string[]): void
}

/** One shell in each pooled sandbox, in the namespaces and the cgroup already, for the first terminal after the claim. */
export class PooledShells {
  readonly #ready = new Map<string, ReadyShell & { readonly began: number | undefined }>()

  constructor(
    private readonly placeOf: (container: string) => Place,
    private readonly reaper: Reaper,
  ) {}

  /**
   * Puts a shell into a container. One that is there already stays.
   * @param process the shell in OCI form
   * @throws RuntimeRefusal when the image has no `/bin/sh`, say
   */
  async prepare(container: string, process: { readonly args: string[] }): Promise<void> {
    const place = this.placeOf(container)
    if (!place.ociRuntime.inheritsDescriptors || this.#alive(container) !== undefined) return
    const { readEnd, writeEnd } = pipe()
    try {
      const waiting = { ...process, args: [...waitThenBecome, ...process.args] }
      const pty = await startOnPty(place, waiting, sizeBefore, readEnd)
      const shell = {
        pty,
        began: startTime(pty.pid),
        begin: (environment: readonly string[]) => begin(writeEnd, environment),
      }
      this.#ready.set(container, shell)
      // Whoever takes it waits for its end; until then somebody must, or it stays a zombie.
      void this.reaper.wait(pty.pid).then(() => {
        if (this.#ready.get(container) !== shell) return
        this.#ready.delete(container)
        closeSync(pty.fd)
        closeSync(writeEnd)
      })
    } catch (error) {
      closeSync(writeEnd)
      throw error
    } finally {
      closeSync(readEnd)
    }
  }

  /** The shell that waits in a container, which is the caller's then. */
  take(container: string): ReadyShell | undefined {
    const shell = this.#alive(container)
    this.#ready.delete(container)
    return shell
  }

  #alive(container: string): ReadyShell | undefined {
    const shell = this.#ready.get(container)
    return shell !== undefined && startTime(shell.pty.pid) === shell.began ? shell : undefined
  }
}

function begin(writeEnd: number, environment: readonly string[]): void {
  writeSync(writeEnd, `${environment.join(' ')}\n`)
  closeSync(writeEnd)
}
