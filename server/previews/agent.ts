import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Agent } from 'undici'
import type { PortTarget } from './target.js'

/** Less than programs keep theirs open: Node's own servers take five seconds. */
const idleMs = 4000

/** What connections to a port are kept under. No two ports, and no two sandboxes, have one in common. */
export const originOf = ({ sandboxId, port }: PortTarget): string => `http://${sandboxId}:${port}`

/**
 * Connections to ports of sandboxes, kept open between requests. Each carries one request at a time, and is closed when the
 * program sends anything that was not asked for.
 * @param answerMs how long a program may be silent before its answer begins
 */
export function portAgent(connect: (target: PortTarget) => Promise<Duplex>, answerMs: number): Agent {
  return new Agent({
    connect: ({ hostname, port }, callback) => {
      // A URL leaves out the port that is usual for its scheme.
      connect({ sandboxId: hostname, port: Number(port || 80) }).then(
        (line) => (line instanceof Socket ? callback(null, line) : line.destroy()),
        (error: Error) => callback(error, null),
      )
    },
    ...{ keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs, pipelining: 1 },
    ...{ headersTimeout: answerMs, bodyTimeout: 0 },
  })
}
