import type { ListeningPort } from '../../protocol/api/index.js'
import { startExec } from '../sandbox/exec.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { type ListeningSocket, listeningSocket, maxListening, portsOf } from './listening.js'

const listMs = 10_000
/** Of the tables of sockets. A tenant decides how long they are. */
const maxTableBytes = 1024 * 1024

/**
 * What listens in hardened sandboxes, as a program inside reads it: gVisor has a network stack of its own. Names of programs
 * are not told.
 */
export class HardenedPorts {
  readonly #listings = new Map<string, Promise<ListeningPort[]>>()

  constructor(private readonly node: NodeContext) {}

  /** Many who ask at once ask once: it costs a program inside. */
  list(sandbox: SandboxRecord): Promise<ListeningPort[]> {
    const known = this.#listings.get(sandbox.id)
    if (known !== undefined) return known
    const listing = this.#list(sandbox).finally(() => this.#listings.delete(sandbox.id))
    this.#listings.set(sandbox.id, listing)
    return listing
  }

  async #list(sandbox: SandboxRecord): Promise<ListeningPort[]> {
    const command = ['/bin/cat', '/proc/net/tcp', '/proc/net/tcp6']
    const wanted = { command, user: 'user', encoding: 'utf8', timeoutMs: listMs } as const
    // An image need not have this program: then nothing is known.
    const running = await startExec(this.node, sandbox, wanted).catch(() => undefined)
    if (running === undefined) return []
    const parts: Buffer[] = []
    let bytes = 0
    await running.follow((stream, part) => {
      if (stream !== 'stdout') return
      if (bytes > maxTableBytes) return running.kill()
      bytes += part.length
      parts.push(part)
    })
    const lines = Buffer.concat(parts).toString('latin1').split('\n')
    const sockets = lines.map(listeningSocket).filter((one): one is ListeningSocket => one !== undefined)
    return portsOf(sockets.slice(0, maxListening), new Map())
  }
}
