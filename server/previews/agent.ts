import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PortTarget } from './target.js'

/** Connections to a port that wait for the next request: enough for what a page loads at once. */
const maxIdle = 8
/** Less than programs keep theirs open: Node's own servers take five seconds. */
const idleMs = 4000

/** Connections to ports of sandboxes, kept open between requests. The name of the host is the sandbox's id. */
export class PortAgent extends Agent {
  constructor(private readonly connect: (target: PortTarget) => Promise<Duplex>) {
    super({ keepAlive: true, maxFreeSockets: maxIdle })
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback?: (error: Error | null, line: Duplex) => void,
  ): undefined {
    this.connect({ sandboxId: host ?? '', port: Number(port) }).then(
      (line) => callback?.(null, line),
      // What Node says of the second argument is wrong where there is an error.
      (error: Error) => callback?.(error, new Socket()),
    )
  }

  override keepSocketAlive(line: Duplex): boolean {
    if (line instanceof Socket) line.setTimeout(idleMs, drop)
    return true
  }

  override reuseSocket(line: Duplex, request: ClientRequest): void {
    if (line instanceof Socket) line.setTimeout(0, drop)
    super.reuseSocket(line, request)
  }
}

function drop(this: Socket): void {
  this.destroy()
}
