import { z } from 'zod'
import { newId, sandboxId, terminalSize } from '../../protocol/api/index.js'
import { notFound, RuntimeRefusal } from '../errors.js'
import { startTime } from '../linux/process.js'
import { PooledShells } from './pooled-shells.js'
import { openPty, type PtyMaker } from './pty.js'
import type { Screens } from './screens.js'
import { Terminal } from './terminal.js'

/** Of one sandbox. More is a mistake or an attack: each holds up to some MiB of output. */
const maxLive = 64
/** Of one sandbox, terminals whose program has ended, kept for whoever comes back to see how. */
const maxExited = 16
const keepExitedMs = 600_000
/** When a sandbox ends, its programs do first, and its own first process within this. */
const sandboxEndsMs = 2000

/** What the runtime asks for. `process` is in OCI form. */
export const openRequest = z.object({
  sandboxId,
  container: z.string().regex(/^b[0-9]+$/),
  size: terminalSize,
  title: z.string().max(128),
  process: z.looseObject({ args: z.array(z.string()).min(1) }),
  /** The shell that stands ready in the container would do as well. */
  pooled: z.boolean().default(false),
  /** What that one does not know of its environment yet: no spaces, quotes or patterns, as a shell reads it. */
  pooledEnvironment: z.array(z.string().regex(/^[A-Z_]+=[\w=.-]*$/)).default([]),
})
export type OpenRequest = z.infer<typeof openRequest>

interface Held {
  readonly terminal: Terminal
  /** The first process of the sandbox that it was opened in: with it all others end. */
  readonly init: ProcessIdentity
}

/** One process for ever: pids are used again. */
interface ProcessIdentity {
  readonly pid: number
  readonly began: number | undefined
}

/** Every terminal of this node, and the shells that wait in pooled sandboxes. */
export class Terminals {
  readonly #held = new Map<string, Held>()
  /** How many are being opened in a sandbox now. */
  readonly #opening = new Map<string, number>()
  readonly shells: PooledShells

  constructor(
    private readonly maker: PtyMaker,
    private readonly screens: Screens,
  ) {
    this.shells = new PooledShells(maker)
  }

  /** Those of one sandbox; none of a sandbox that has been stopped since, though it may run again. */
  of(sandbox: string): Terminal[] {
    const found: Terminal[] = []
    for (const [id, { terminal, init }] of this.#held) {
      if (terminal.sandboxId !== sandbox) continue
      if (isSame(init)) found.push(terminal)
      else this.#held.delete(id)
    }
    return found
  }

  /** @throws RuntimeRefusal `not_found` */
  get(sandbox: string, id: string): Terminal {
    const held = this.#held.get(id)
    if (held?.terminal.sandboxId !== sandbox || !isSame(held.init)) throw notFound('terminal', id)
    return held.terminal
  }

  /** @throws RuntimeRefusal `conflict` at the bound, `invalid_request` when the program cannot be started */
  async open(wanted: OpenRequest): Promise<Terminal> {
    const { sandboxId, container, title, size } = wanted
    const init = identityOf(this.maker.ociRuntimes.ofContainer(container).initOf(container))
    const opening = this.#opening.get(sandboxId) ?? 0
    const live = this.of(sandboxId).filter((one) => one.describe().exit === null)
    if (live.length + opening >= maxLive) {
      throw new RuntimeRefusal('conflict', `a sandbox has at most ${maxLive} terminals; close one`)
    }
    this.#opening.set(sandboxId, opening + 1)
    try {
      const shell = wanted.pooled ? this.shells.take(container) : undefined
      const process = { ...wanted.process, terminal: true }
      const pty = shell?.pty ?? (await openPty(this.maker, container, process))
      const id = newId('tm')
      const terminal = new Terminal(id, sandboxId, title, size, pty, this.maker.reaper, this.screens)
      shell?.begin(wanted.pooledEnvironment)
      this.#held.set(id, { terminal, init })
      void terminal.ended.then(() => this.#ended(terminal))
      return terminal
    } finally {
      const left = (this.#opening.get(sandboxId) ?? 1) - 1
      if (left === 0) this.#opening.delete(sandboxId)
      else this.#opening.set(sandboxId, left)
    }
  }

  /** Keeps what the program left, but not for a sandbox that has ended with it, and not too many. */
  #ended({ id, sandboxId }: Terminal): void {
    const exited = this.of(sandboxId).filter((one) => one.describe().exit !== null)
    for (const old of exited.slice(0, -maxExited)) this.#held.delete(old.id)
    setTimeout(() => this.of(sandboxId), sandboxEndsMs).unref()
    setTimeout(() => this.#held.delete(id), keepExitedMs).unref()
  }

  /** Ends the program and forgets the terminal. @throws RuntimeRefusal `not_found` */
  close(sandbox: string, id: string): void {
    this.get(sandbox, id).close()
    this.#held.delete(id)
  }
}

function identityOf(pid: number | undefined): ProcessIdentity {
  if (pid === undefined) throw new RuntimeRefusal('sandbox_not_running', 'the sandbox does not run')
  return { pid, began: startTime(pid) }
}

function isSame({ pid, began }: ProcessIdentity): boolean {
  return began !== undefined && startTime(pid) === began
}
