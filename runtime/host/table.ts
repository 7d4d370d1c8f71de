import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { newId, sandboxId, shownCommandMax, terminalSize } from '../../protocol/api/index.js'
import type { NodeThumbnails, ThumbnailsRequest } from '../../protocol/node/index.js'
import type { OciRuntimes } from '../container/oci-runtimes.js'
import { notFound, RuntimeRefusal } from '../errors.js'
import { pipe } from '../linux/libc.js'
import { isExiting, type Reaper, startTime } from '../linux/process.js'
import { AttachableProcess } from '../process/attachable.js'
import { DrainPace } from '../process/drain-pace.js'
import type { HeldProcess } from '../process/held.js'
import { LateOutput } from '../process/late-output.js'
import { PipedProcess } from '../process/piped.js'
import { asTenants } from '../process/priority.js'
import { type Place, startOnPty, startPiped } from '../process/start.js'
import { PooledShells } from '../terminal/pooled-shells.js'
import type { Screens } from '../terminal/screens.js'
import { Terminal } from '../terminal/terminal.js'
import type { Thumbnails } from '../terminal/thumbnails.js'
import type { drawnTerminals } from './kept.js'

/** Of one sandbox. More is a mistake or an attack: each holds up to some MiB of output. */
const maxLive = 64
/** Of one sandbox, processes that have ended, kept for whoever comes back to see how. */
const maxExited = 16
const keepExitedMs = 600_000
/** When a sandbox ends, its processes do first, and its own first process within this. */
const sandboxEndsMs = 2000

/** All terminals of a sandbox that is being stopped are drawn within this. */
const drawingMs = 3000
/** Of what one shows: a thousand lines of text with colours take less. */
const maxScreenBytes = 256 * 1024

const start = {
  sandboxId,
  container: z.string().regex(/^b[0-9]+$/),
  /** As it is shown. */
  command: z.string().max(shownCommandMax),
  /** In OCI form. */
  process: z.looseObject({ args: z.array(z.string()).min(1) }),
  timeoutMs: z.int().min(1).optional(),
}

/** What the runtime asks for: a process with a terminal. */
export const openRequest = z.object({
  ...start,
  size: terminalSize,
  title: z.string().max(128),
  /** The shell that stands ready in the container would do as well. */
  pooled: z.boolean().default(false),
  /** What that one does not know of its environment yet: no spaces, quotes or patterns, as a shell reads it. */
  pooledEnvironment: z.array(z.string().regex(/^[A-Z_]+=[\w=.-]*$/)).default([]),
})
export type OpenRequest = z.infer<typeof openRequest>

/** What the runtime asks for: a process with pipes. */
export const startRequest = z.object({
  ...start,
  /** What it is called; asked again it is the same one. A new name if absent. */
  id: z
    .string()
    .regex(/^pr_[0-9a-z]+$/)
    .optional(),
  /** Who owns its pipes, as the host counts. */
  uid: z.int().min(1),
  stdin: z.boolean(),
  /** It is killed when a line of its input ends. */
  endsWithInput: z.boolean().default(false),
})
export type StartRequest = z.infer<typeof startRequest>

interface Held {
  readonly process: HeldProcess
  /** The first process of the sandbox that it was started in: with it all others end. */
  readonly init: ProcessIdentity
}

/** One process for ever: pids are used again. */
interface ProcessIdentity {
  readonly pid: number
  readonly began: number | undefined
}

/** What starts processes in containers. */
export interface ProcessMaker {
  readonly ociRuntimes: OciRuntimes
  readonly reaper: Reaper
  /** A directory of its own. */
  readonly scratch: string
  readonly log: Logger
}

/** Every process of this node that is held for whoever attaches to it, and the shells that wait in pooled sandboxes. */
export class ProcessTable {
  readonly #held = new Map<string, Held>()
  /** How many are being started in a sandbox now. */
  readonly #starting = new Map<string, number>()
  readonly #lateOutput = new LateOutput()
  readonly #pace = new DrainPace()
  readonly shells: PooledShells

  constructor(
    private readonly maker: ProcessMaker,
    private readonly screens: Screens,
    private readonly shown: Thumbnails,
  ) {
    this.shells = new PooledShells((container) => this.#placeIn(container), maker.reaper)
  }

  /** Those of one sandbox; none of a sandbox that has been stopped since, though it may run again. */
  of(sandbox: string): HeldProcess[] {
    const found: HeldProcess[] = []
    for (const [id, { process, init }] of this.#held) {
      if (process.sandboxId !== sandbox) continue
      if (isSame(init)) found.push(process)
      else this.#held.delete(id)
    }
    return found
  }

  /** Those that have a terminal. */
  terminalsOf(sandbox: string): Terminal[] {
    return this.of(sandbox).filter((one) => one instanceof Terminal)
  }

  /**
   * What terminals of a sandbox show, whether their programs run or have ended. Those that take too long to draw show the
   * last of their output as it was.
   */
  async draw(sandbox: string, ids: readonly string[]): Promise<z.input<typeof drawnTerminals>> {
    const wanted = this.terminalsOf(sandbox).filter(({ id }) => ids.includes(id))
    const late = sleep(drawingMs, undefined, { ref: false })
    const drawn = wanted.map(async (terminal) => {
      const screen = await Promise.race([terminal.screen(), late.then(() => terminal.lastOutput)])
      return { terminal: terminal.describe(), screen: Buffer.from(bounded(screen)).toString('base64') }
    })
    return { terminals: await Promise.all(drawn) }
  }

  /** What the terminals show that were used last in sandboxes, where it differs from what the caller has seen. */
  async thumbnails({ sandboxes }: ThumbnailsRequest): Promise<NodeThumbnails> {
    const wanted = sandboxes.map(({ id, seen }) => {
      return { id, seen, terminals: this.terminalsOf(id).filter(({ exited }) => !exited) }
    })
    return { thumbnails: await this.shown.of(wanted) }
  }

  /** @throws RuntimeRefusal `not_found` */
  get(sandbox: string, id: string): HeldProcess {
    const held = this.#held.get(id)
    if (held?.process.sandboxId !== sandbox || !isSame(held.init))
      throw notFound(id.startsWith('tm_') ? 'terminal' : 'process', id)
    return held.process
  }

  /** @throws RuntimeRefusal `conflict` at the bound, `invalid_request` when the program cannot be started */
  open(wanted: OpenRequest): Promise<Terminal> {
    const { sandboxId, container, title, size, command, timeoutMs } = wanted
    return this.#hold(sandboxId, container, async () => {
      const shell = wanted.pooled ? this.shells.take(container) : undefined
      const pty = shell?.pty ?? (await startOnPty(this.#placeIn(container), wanted.process, size))
      const shown = { title, command, timeoutMs }
      const { reaper } = this.maker
      const terminal = new Terminal(newId('tm'), sandboxId, shown, size, pty, reaper, this.screens)
      shell?.begin(wanted.pooledEnvironment)
      return terminal
    })
  }

  /** @throws RuntimeRefusal as `open` does */
  async start({ id, sandboxId, container, process, uid, ...wanted }: StartRequest): Promise<HeldProcess> {
    const known = id === undefined ? undefined : this.of(sandboxId).find((one) => one.id === id)
    if (known !== undefined) return known
    return this.#hold(sandboxId, container, async () => {
      // When this process dies so do they, at their next write: as a terminal's do.
      const started = await startPiped(this.#placeIn(container), process, uid, pipe)
      const piped = new PipedProcess(started, this.maker.reaper)
      return new AttachableProcess(id ?? newId('pr'), sandboxId, wanted, piped, this.#lateOutput, this.#pace)
    })
  }

  /** Ends a process and forgets it. @throws RuntimeRefusal `not_found` */
  close(sandbox: string, id: string): void {
    this.get(sandbox, id).close()
    this.#held.delete(id)
  }

  async #hold<P extends HeldProcess>(
    sandboxId: string,
    container: string,
    start: () => Promise<P>,
  ): Promise<P> {
    const init = identityOf(this.maker.ociRuntimes.ofContainer(container).initOf(container))
    const starting = this.#starting.get(sandboxId) ?? 0
    const live = this.of(sandboxId).filter((one) => !one.exited)
    if (live.length + starting >= maxLive) {
      throw new RuntimeRefusal(
        'conflict',
        `a sandbox has at most ${maxLive} terminals and processes that can be attached to; end one`,
      )
    }
    this.#starting.set(sandboxId, starting + 1)
    try {
      const process = await start()
      this.#held.set(process.id, { process, init })
      void process.ended.then(() => this.#ended(process))
      return process
    } finally {
      const left = (this.#starting.get(sandboxId) ?? 1) - 1
      if (left === 0) this.#starting.delete(sandboxId)
      else this.#starting.set(sandboxId, left)
    }
  }

  #placeIn(container: string): Place {
    const { ociRuntimes, scratch, log } = this.maker
    const ociRuntime = ociRuntimes.ofContainer(container)
    return {
      ...{ container, ociRuntime, scratch, log, asTenants },
      isAlive: () => {
        const init = ociRuntime.initOf(container)
        return init !== undefined && startTime(init) !== undefined && !isExiting(init)
      },
    }
  }

  /** Keeps what the process left, but not for a sandbox that has ended with it, and not too many. */
  #ended({ id, sandboxId }: HeldProcess): void {
    const exited = this.of(sandboxId).filter((one) => one.exited)
    for (const old of exited.slice(0, -maxExited)) this.#held.delete(old.id)
    setTimeout(() => this.of(sandboxId), sandboxEndsMs).unref()
    setTimeout(() => this.#held.delete(id), keepExitedMs).unref()
  }
}

/** The end of a screen, from the beginning of a line on, or of a sequence in a line that long. */
function bounded(screen: Uint8Array): Uint8Array {
  if (screen.length <= maxScreenBytes) return screen
  const end = screen.subarray(screen.length - maxScreenBytes)
  // One line may wrap over the whole screen.
  const line = end.subarray(0, maxScreenBytes / 8).indexOf(10) + 1
  return end.subarray(line > 0 ? line : Math.max(0, end.indexOf(0x1b)))
}

function identityOf(pid: number | undefined): ProcessIdentity {
  if (pid === undefined) throw new RuntimeRefusal('sandbox_not_running', 'the sandbox does not run')
  return { pid, began: startTime(pid) }
}

function isSame({ pid, began }: ProcessIdentity): boolean {
  return began !== undefined && startTime(pid) === began
}
