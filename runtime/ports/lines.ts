import type { Socket } from 'node:net'
import { maxPortLines } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { connectInside } from './connect.js'

/** Connections to ports of sandboxes, a bounded number for each. */
export class PortLines {
  readonly #open = new Map<string, number>()

  /** @throws RuntimeRefusal as `connectInside`, and `rate_limited` when there are too many */
  async connect(sandbox: SandboxRecord, port: number): Promise<Socket> {
    const { id } = sandbox
    const open = this.#open.get(id) ?? 0
    if (open >= maxPortLines) {
      throw new RuntimeRefusal('rate_limited', `the sandbox has ${open} connections to its ports already`, 1)
    }
    this.#open.set(id, open + 1)
    const closed = () => {
      const left = (this.#open.get(id) ?? 1) - 1
      if (left > 0) this.#open.set(id, left)
      else this.#open.delete(id)
    }
    try {
      const inside = await connectInside(sandbox, port)
      return inside.once('close', closed)
    } catch (error) {
      closed()
      throw error
    }
  }
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
