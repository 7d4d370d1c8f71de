import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { OutputPipe } from '../linux/output-pipe.js'

/** Pipes of one sandbox that are read after their exec. Of more, the oldest are left: who writes there waits once it is full. */
const maxOfSandbox = 64
/** Of all sandboxes. */
const maxOfNode = 8192
/** After each piece of at most 64 KiB: 3 MiB a second for all jobs of a sandbox together. */
const pauseMs = 20
/** Descriptors of a sandbox that are looked at when a runtime takes it up. */
const maxLooked = 4096
/** The bits of a descriptor's flags that say how it was opened. */
const accessMode = 3

/**
 * What processes write that have outlived their exec, such as a server that was started in the background. It is read
 * and dropped, within bounds, so that they neither end by SIGPIPE nor wait for a reader.
 */
export class LateOutput {
  /** By the sandbox's record, the oldest first. */
  readonly #held = new Map<string, Set<OutputPipe>>()
  #count = 0

  /** Reads a pipe until nobody holds its other end. @param sandbox its record's id */
  keep(sandbox: string, pipe: OutputPipe): void {
    const pipes = this.#held.get(sandbox) ?? new Set()
    this.#held.set(sandbox, pipes.add(pipe))
    this.#count++
    pipe.onClose(() => this.#forget(sandbox, pipe))
    pipe.discard(() => pauseMs * Math.max(1, pipes.size))
    if (pipes.size > maxOfSandbox) this.#dropOldest(pipes)
    if (this.#count > maxOfNode) this.#dropOldest(this.#held.values().next().value)
  }

  /**
   * Finds the pipes that an earlier runtime read, by the descriptors of the sandbox's processes: no other pipe inside
   * is open for reading and writing at once, but those that a tenant has made so.
   */
  adopt(sandbox: string, pids: readonly number[]): void {
    const known = new Set<string>()
    let looked = 0
    for (const pid of pids) {
      for (const fd of descriptorsOf(pid)) {
        if (++looked > maxLooked) return
        const pipe = isOutputPipe(pid, fd) ? openPipe(pid, fd) : undefined
        if (pipe === undefined) continue
        if (known.has(pipe.inode)) closeSync(pipe.fd)
        else {
          known.add(pipe.inode)
          const reading = new OutputPipe(pipe.fd)
          reading.open(() => {})
          this.keep(sandbox, reading)
        }
      }
    }
  }

  #dropOldest(pipes: ReadonlySet<OutputPipe> | undefined): void {
    const [oldest] = pipes ?? []
    oldest?.close()
  }

  #forget(sandbox: string, pipe: OutputPipe): void {
    const pipes = this.#held.get(sandbox)
    if (pipes?.delete(pipe)) this.#count--
    if (pipes?.size === 0) this.#held.delete(sandbox)
  }
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    return [] // it has ended meanwhile
  }
}

function isOutputPipe(pid: number, fd: string): boolean {
  try {
    if (!readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('pipe:')) return false
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1]
    return (Number.parseInt(flags ?? '0', 8) & accessMode) === constants.O_RDWR
  } catch {
    return false // closed meanwhile
  }
}

/** What it stands for may be another thing by now: nothing is read of it before it is known to be a pipe. */
function openPipe(pid: number, fd: string): { fd: number; inode: string } | undefined {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants
  try {
    const opened = openSync(`/proc/${pid}/fd/${fd}`, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    const status = fstatSync(opened)
    if (status.isFIFO()) return { fd: opened, inode: `${status.dev}:${status.ino}` }
    closeSync(opened)
  } catch {
    // Closed meanwhile, or nothing that can be opened.
  }
  return undefined
}
