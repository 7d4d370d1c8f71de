import { z } from 'zod'
import { node } from '../api/admin.js'

/**
 * Version of the calls between a server and a node. It is one higher in each release whose servers or nodes would
 * misunderstand those before; a call or a field that may be left out does not need that.
 */
export const nodeProtocol = 1

/** Every call of a server names its version in this header. */
export const nodeProtocolHeader = 'cloche-node-protocol'

/** What `GET /node` answers. A node of before the protocol had versions names none. */
export const nodeDescription = node.extend({ protocol: z.int().default(0) })
export type NodeDescription = z.infer<typeof nodeDescription>

/** What to do when a server speaks `server` and a node `own`. */
export function protocolMismatch(server: string | undefined, own: number): string {
  const [older, newer] = Number(server) > own ? ['node', 'server'] : ['server', 'node']
  const named = server === undefined ? 'no version' : `version ${server.slice(0, 20)}`
  return `the server speaks ${named} of the node protocol and this node version ${own}: upgrade Cloche on the ${older} to the release of the ${newer}`
}
