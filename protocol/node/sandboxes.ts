import { z } from 'zod'
import { sandboxId, snapshotId, stackId, tenantId } from '../api/ids.js'
import { incident, limits, quota, storedLimits, usage } from '../api/limits.js'
import { allowedName, networkPolicy } from '../api/network.js'
import { environment, isolation, sandboxState, templateName } from '../api/sandbox.js'
import { serviceStatus } from '../api/service-status.js'
import { service } from '../api/services.js'
import { storedNetwork } from '../api/stored-network.js'
import { storedVolumeMount, volumeMountsMax } from '../api/volume-mounts.js'

const hostLabel = z.string().regex(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/)

/** Of which stack a sandbox is: it and those of the same tenant and stack that share a network reach one another. */
export const stackMembership = z.strictObject({
  id: stackId,
  networks: z.array(z.string().min(1).max(64)).min(1).max(16),
  /** What the others call it. */
  names: z.array(hostLabel).min(1).max(16),
})
export type StackMembership = z.infer<typeof stackMembership>

/** Body of `PUT /sandboxes/:id`: a sandbox for a tenant. */
export const claim = z.strictObject({
  tenantId,
  template: templateName,
  limits,
  /** The kernel holds the sum of the tenant's sandboxes to it. */
  quota,
  network: networkPolicy,
  isolation,
  env: environment,
  /** Whose disk it begins with; of the same tenant. */
  snapshot: snapshotId.optional(),
  volumes: z.array(storedVolumeMount).optional(),
  /** `wanted` false: it is started only when that is asked for (`PUT /sandboxes/:id/service`). */
  service: service.extend({ wanted: z.boolean() }).optional(),
  stack: stackMembership.optional(),
  hostname: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
})
export type Claim = z.infer<typeof claim>

/** Body of `PUT /sandboxes/:id/service`. */
export const wantService = z.strictObject({ wanted: z.boolean() })

export const change = z.strictObject({
  limits: limits.optional(),
  network: networkPolicy.optional(),
  /** All of them; it must be stopped. */
  volumes: z.array(storedVolumeMount).max(volumeMountsMax).optional(),
})
export type Change = z.infer<typeof change>

/** What a node knows of a state: whether it can be reached is a server's to say. */
export const nodeSandboxState = sandboxState.exclude(['unreachable'])
export type NodeSandboxState = z.infer<typeof nodeSandboxState>

/** Body of `POST /sandboxes/confirm`: sandboxes that the database knows. */
export const confirmSandboxes = z.strictObject({ ids: z.array(sandboxId) })

export const runtimeSandbox = z.object({
  id: sandboxId,
  tenantId,
  template: templateName,
  state: nodeSandboxState,
  failure: z.string().nullable(),
  limits: storedLimits,
  network: storedNetwork,
  isolation,
  volumes: z.array(storedVolumeMount).default([]),
  service: serviceStatus.nullable().default(null),
  /** With an allowlist: what its names stand for now. Otherwise empty. */
  allowedNames: z.array(allowedName),
  /** Taken from the pool, or made for this claim. */
  warm: z.boolean(),
  /**
   * How long ago it was claimed, while no server has confirmed that the database knows it (`POST /sandboxes/confirm`).
   * Null afterwards, and after a restart of the runtime: what may be somebody's is never taken for what is nobody's.
   */
  unconfirmedMs: z.number().nullable().default(null),
  usage: usage.nullable(),
  incidents: z.array(incident).default([]),
})
export type RuntimeSandbox = z.infer<typeof runtimeSandbox>

/**
 * A tenant with sandboxes on this node. While it is paused its running sandboxes are `paused`, claims and
 * starts are refused with `conflict`, and a sandbox that was paused by itself stays so afterwards.
 */
export const runtimeTenant = z.object({
  tenantId,
  paused: z.boolean(),
  sandboxes: z.number(),
  /** What its sandboxes use together now, as its control group counts it. */
  cpuSeconds: z.number(),
  memoryBytes: z.number(),
  pids: z.number(),
})
export type RuntimeTenant = z.infer<typeof runtimeTenant>
