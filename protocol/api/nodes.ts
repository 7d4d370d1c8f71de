import { z } from 'zod'
import { boundedRecord } from './bounds.js'
import { nodeId } from './ids.js'
import { displayName, templateName } from './sandbox.js'
import { textWithoutNul } from './text.js'

const file = textWithoutNul(1024).regex(/^\//, 'must be an absolute path')

/** How a server reaches a node. Files are on the servers' hosts: keys are never in the database. */
export const nodeAddress = z.union([
  z.strictObject({
    socketPath: file.max(107).describe('unix socket of a runtime on the host of the server'),
  }),
  z.strictObject({
    url: z.url({ protocol: /^https$/ }).max(512),
    caFile: file.describe('certificate of the authority that signed the certificate of the node'),
    certFile: file.describe('certificate of the server'),
    keyFile: file.describe('private key of the server'),
    serverName: z.string().min(1).max(253).optional().describe('name in the certificate of the node'),
  }),
])
export type NodeAddress = z.infer<typeof nodeAddress>

/** `unreachable` goes before `cordoned`, which the node is then shown as besides. */
export const nodeState = z.enum(['ready', 'cordoned', 'unreachable'])
export type NodeState = z.infer<typeof nodeState>

const labelName = z.string().regex(/^[a-z0-9]([a-z0-9./-]{0,61}[a-z0-9])?$/, 'is not the name of a label')
export const nodeLabels = boundedRecord(labelName, textWithoutNul(63), { entries: 32, bytes: 4096 })

/** What a node had when it was last seen. */
export const nodeCapacity = z.object({
  cpus: z.number(),
  load1: z.number(),
  memoryTotalBytes: z.number(),
  memoryAvailableBytes: z.number(),
  diskTotalBytes: z.number(),
  diskUsedBytes: z.number(),
  sandboxes: z.number(),
  running: z.number(),
})
export type NodeCapacity = z.infer<typeof nodeCapacity>

/** A node of the registry, as operators see it. */
export const registeredNode = z.object({
  id: nodeId,
  name: z.string(),
  kind: z.literal('runtime'),
  address: nodeAddress,
  state: nodeState,
  cordoned: z.boolean(),
  labels: z.record(z.string(), z.string()),
  capacity: nodeCapacity.nullable().describe('null until it was seen'),
  sandboxes: z.number().describe('those of tenants that are not deleted, as the database has them'),
  templates: z.array(templateName).describe('as it had them when it was last seen'),
  lastSeenAt: z.iso.datetime().nullable(),
  unreachableSince: z.iso.datetime().nullable(),
  problem: z
    .string()
    .nullable()
    .describe('why it does not answer, or why nothing is created or destroyed on it'),
  createdAt: z.iso.datetime(),
})
export type RegisteredNode = z.infer<typeof registeredNode>

export const nodeList = z.object({ nodes: z.array(registeredNode) })

/** Body of `POST /api/v1/admin/nodes`. */
export const addNode = z.strictObject({
  name: displayName,
  address: nodeAddress,
  labels: nodeLabels.default({}),
  cordoned: z.boolean().default(false),
})
export type AddNode = z.input<typeof addNode>

/** Body of `PATCH /api/v1/admin/nodes/{id}`. A cordoned node keeps what it has and gets nothing new. */
export const changeNode = z.strictObject({
  name: displayName.optional(),
  cordoned: z.boolean().optional(),
  labels: nodeLabels.optional().describe('all of them; those that are left out are removed'),
})
export type ChangeNode = z.infer<typeof changeNode>

/** Query of calls about one node; the oldest of the registry when it is left out. */
export const nodeQuery = z.object({ node: nodeId.optional() })
