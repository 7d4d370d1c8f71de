import { z } from 'zod'
import { type NodeAddress, nodeAddress, nodeCapacity, nodeId } from '../../protocol/api/index.js'

/** A row of `node`, as a server works with it. */
export const nodeRow = z.object({
  id: nodeId,
  name: z.string(),
  kind: z.literal('runtime'),
  address: nodeAddress,
  cordoned: z.boolean(),
  labels: z.record(z.string(), z.string()),
  lastSeenAt: z.date().nullable(),
  unreachableSince: z.date().nullable(),
  lastProblem: z.string().nullable(),
  capacity: nodeCapacity.nullable().catch(null),
  /** Parsed only where it is needed: the registry is read every second. */
  templates: z.unknown(),
  createdAt: z.date(),
})
export type NodeRow = z.infer<typeof nodeRow>

/** What no two nodes have in common. */
export const endpointOf = (address: NodeAddress): string =>
  'socketPath' in address ? address.socketPath : new URL(address.url).href
