import { z } from 'zod'
import { sandboxId, tenantId } from './ids.js'
import { limits, quota, storedLimits, usage } from './limits.js'
import { allowedName, networkPolicy } from './network.js'
import { poolStatus } from './pools.js'
import { recipe } from './run.js'
import { environment, isolation, sandboxState, templateName } from './sandbox.js'

/**
 * What the runtime answers on its unix socket, as HTTP. Errors are `runtimeError` with the status code
 * of the same name in HTTP.
 *
 * | call | body | answer |
 * |---|---|---|
 * | GET /healthz | | 200 |
 * | GET /node | | `node` |
 * | GET /templates | | `{templates: template[]}` |
 * | GET /pools | | `poolsStatus` |
 * | PUT /pools/schedules/:name | `poolSchedule` | 201 or 200 `keptSchedule`; 409 overlapping, 422 beyond the budget |
 * | DELETE /pools/schedules/:name | | 204 (also when there is none) |
 * | POST /pools/warm | `warmRequest` | 201 `keptWarm`; 422 beyond the budget |
 * | DELETE /pools/warm/:id | | 204 (also when there is none) |
 * | POST /templates/reload | | 204: a template was built; read them again |
 * | GET /sandboxes | | `{sandboxes: runtimeSandbox[]}`: claimed ones only |
 * | PUT /sandboxes/:id | `claim` | 201 `runtimeSandbox`; 200 when this tenant has it already |
 * | GET, DELETE /sandboxes/:id | | `runtimeSandbox`; 204 (also when it is gone already) |
 * | PATCH /sandboxes/:id | `change` | `runtimeSandbox` |
 * | POST /sandboxes/:id/pause, resume, start | | `runtimeSandbox` |
 * | POST /sandboxes/:id/stop | `stopSandbox`, may be empty | `runtimeSandbox` |
 * | PUT /tenants/:id/quota | `quota` | 204: the tenant's cgroup is held to it; 422 and no change when more is in use |
 * | GET /tenants/:id | | `runtimeTenant`; 404 when it has no sandbox here |
 * | POST /tenants/:id/pause, resume | | `runtimeTenant`: all its sandboxes at once |
 * | POST /sandboxes/:id/exec | `execRequest` | 200, a stream of frames (`frames.ts`): stdout, stderr, exit |
 * | /sandboxes/:id/files, tree, archive | | see `files.ts` |
 * | GET /quarantine | | `{entries: quarantineEntry[]}` |
 * | POST /sandboxes/:id/quarantine | `quarantineRequest` | 200 `quarantineEntry`: stopped, and set aside with its disk |
 * | POST /quarantine/:id/restore | `restoreRequest` | 200 `runtimeSandbox`, stopped; 409 when it cannot be |
 * | DELETE /quarantine/:id | | 204: deleted for good |
 * | PUT /installation | `{id}` | 204: the node belongs to this installation from now on |
 * | POST /runs | `runtimeRun` | 200, a stream of `runtimeRunEvent`, see `run.ts` |
 * | GET, POST /sandboxes/:id/terminals | `openTerminal` | `{terminals}`; 201 `terminal` |
 * | DELETE /sandboxes/:id/terminals/:tid | | 204 |
 * | GET /calls | `Upgrade: cloche-calls` | 101, then the calls above but for files and runs as frames, see `frames.ts` |
 * | GET /sandboxes/:id/terminals/:tid/attach?since=N | `Upgrade: cloche-terminal` | 101, then frames both ways |
 */
export const claim = z.strictObject({
  tenantId,
  template: templateName,
  limits,
  /** The kernel holds the sum of the tenant's sandboxes to it. */
  quota,
  network: networkPolicy,
  isolation,
  env: environment,
  hostname: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
})
export type Claim = z.infer<typeof claim>

export const change = z.strictObject({ limits: limits.optional(), network: networkPolicy.optional() })
export type Change = z.infer<typeof change>

export const runtimeSandbox = z.object({
  id: sandboxId,
  tenantId,
  template: templateName,
  state: sandboxState,
  failure: z.string().nullable(),
  limits: storedLimits,
  network: networkPolicy,
  isolation,
  /** With an allowlist: what its names stand for now. Otherwise empty. */
  allowedNames: z.array(allowedName),
  /** Taken from the pool, or made for this claim. */
  warm: z.boolean(),
  usage: usage.nullable(),
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

export const template = z.object({
  name: templateName,
  description: z.string(),
  defaults: limits,
  isolation: z.array(isolation),
  /** What it can run by name. */
  languages: z.array(recipe).default([]),
})
export type Template = z.infer<typeof template>

export const node = z.object({
  name: z.string(),
  version: z.string(),
  kernel: z.string(),
  cgroupVersion: z.union([z.literal(1), z.literal(2)]),
  startedAt: z.iso.datetime(),
  cpus: z.number(),
  load1: z.number(),
  memoryTotalBytes: z.number(),
  memoryAvailableBytes: z.number(),
  diskTotalBytes: z.number(),
  diskUsedBytes: z.number(),
  /** Free on the host's own disk, which a sparse sandbox disk grows into. */
  hostFreeBytes: z.number(),
  /** Why no sandbox can be hardened on this node; null when they can. */
  hardenedProblem: z.string().nullable(),
  /** Why sandboxes see the processors, memory and load of the host; null when they see their own. */
  viewProblem: z.string().nullable(),
  /** Why new sandboxes are refused with `node_full` or `disk_full`; null while they are not. */
  full: z.string().nullable(),
  /** Which installation the node belongs to; null until a server has told it. */
  installation: z.string().nullable(),
  /** Sandboxes that were set aside with their disks, until an operator decides. */
  quarantined: z.number(),
  /** What an operator should look at, a sentence each. */
  problems: z.array(z.string()),
  sandboxes: z.number(),
  running: z.number(),
  pools: z.array(poolStatus),
})
export type Node = z.infer<typeof node>

/** Codes of everything that goes wrong, at the runtime and at the API. Stable: programs match on them. */
export const errorCode = z.enum([
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'file_not_found',
  'conflict',
  'quota_exceeded',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limited',
  'sandbox_not_running',
  'template_unavailable',
  'node_full',
  'disk_full',
  'queue_full',
  'runtime_unavailable',
  'database_unavailable',
  'internal',
])
export type ErrorCode = z.infer<typeof errorCode>

export const runtimeError = z.object({ code: errorCode, message: z.string() })
export type RuntimeError = z.infer<typeof runtimeError>

/** A call on a line of calls. */
export const runtimeCall = z.object({ method: z.string(), url: z.string(), body: z.unknown().optional() })
export type RuntimeCall = z.infer<typeof runtimeCall>

/** What it is answered, as HTTP would. */
export const runtimeAnswer = z.object({
  status: z.number(),
  body: z.unknown().optional(),
  retryAfterSeconds: z.number().optional(),
})
export type RuntimeAnswer = z.infer<typeof runtimeAnswer>

export const statusOf: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  file_not_found: 404,
  conflict: 409,
  sandbox_not_running: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  quota_exceeded: 422,
  template_unavailable: 422,
  rate_limited: 429,
  queue_full: 429,
  internal: 500,
  node_full: 503,
  runtime_unavailable: 503,
  database_unavailable: 503,
  disk_full: 507,
}
