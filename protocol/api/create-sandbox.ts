import { z } from 'zod'
import { metadata } from './bounds.js'
import { snapshotId } from './ids.js'
import { limitsRequest } from './limits.js'
import { networkPolicy } from './network.js'
import { displayName, environment, idlePolicy, isolation, restartPolicy, templateName } from './sandbox.js'
import { service } from './services.js'
import { volumeMounts } from './volume-mounts.js'

/** Body of `POST /api/v1/sandboxes`. */
export const createSandbox = z.strictObject({
  template: templateName.default('base'),
  snapshot: snapshotId
    .optional()
    .describe(
      'whose disk it begins with; its template and limits are those of the snapshot, unless limits say otherwise',
    ),
  name: displayName.optional(),
  volumes: volumeMounts.optional().describe('mounted for as long as it exists; it is made where they are'),
  limits: limitsRequest.optional(),
  network: networkPolicy.default('internet'),
  isolation: isolation
    .default('standard')
    .describe(
      'hardened: by gVisor, stronger isolation, slower; no sudo, but commands and terminals can be root',
    ),
  env: environment.optional(),
  ttlSeconds: z.int().min(10).max(31_536_000).optional().describe('deleted this long after its creation'),
  idle: idlePolicy
    .nullable()
    .optional()
    .describe('null: never put to sleep; if absent, as its template has it, or its tenant'),
  restart: restartPolicy.optional().describe('if absent: unless-stopped for a small machine, otherwise no'),
  service: service
    .optional()
    .describe('a program that is started with it, and again with each start; {} is what its image says'),
  metadata: metadata.optional(),
})
export type CreateSandbox = z.infer<typeof createSandbox>
