import type { Socket } from 'node:net'
import { maxPortLines } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { connectInside } from './connect.js'

/** Connections to ports of sandboxes, a bounded number for each. */
export class PortLines {
  readonly #open = new Map<string, Set<Opening>>()

  /** @throws RuntimeRefusal as `connectInside`, and `rate_limited` when there are too many */
  async connect(sandbox: SandboxRecord, port: number): Promise<Socket> {
    const { id } = sandbox
    const open = this.#open.get(id) ?? new Set()
    if (open.size >= maxPortLines) {
      throw new RuntimeRefusal(
        'rate_limited',
        `the sandbox has ${open.size} connections to its ports already`,
        1,
      )
    }
    const opening: Opening = { inside: undefined }
    this.#open.set(id, open.add(opening))
    const closed = () => {
      open.delete(opening)
      if (open.size === 0) this.#open.delete(id)
    }
    try {
      opening.inside = await connectInside(sandbox, port)
      return opening.inside.once('close', closed)
    } catch (error) {
      closed()
      throw error
    }
  }

  /** Ends those of a sandbox that is paused: nobody would answer on them, and idle ones would be taken for good ones. */
  cut({ id }: SandboxRecord): void {
    for (const { inside } of [...(this.#open.get(id) ?? [])]) inside?.destroy()
  }
}

/** A connection, or one that is being made. */
interface Opening {
  inside: Socket | undefined
}

/**
 * Passes bytes both ways, as fast as the slower side takes them. When the program inside has ended its side nothing of
 * the connection is kept: an open socket would keep the network of a sandbox that is gone.
 */
export function join(line: Socket, inside: Socket): void {
  inside.on('error', () => inside.destroy())
  inside.once('end', () => inside.destroy())
  inside.once('close', () => {
    if (line.writableEnded) return
    if (inside.errored) line.destroy()
    else line.end()
  })
  line.once('close', () => inside.destroy())
  line.pipe(inside)
  inside.pipe(line)
}
