import { z } from 'zod'
import { sandboxId, tenantId } from '../api/ids.js'
import { storedLimits } from '../api/limits.js'
import { quarantineCause } from '../api/quarantine.js'
import { isolation, templateName } from '../api/sandbox.js'
import { storedNetwork } from '../api/stored-network.js'
import { storedVolumeMount } from '../api/volume-mounts.js'

export const quarantineRequest = z.object({ cause: quarantineCause, reason: z.string().max(1000) })
export type QuarantineRequest = z.infer<typeof quarantineRequest>

/**
 * What the database says of the sandbox that is restored. It decides over what the record says, and stands in for what
 * the record no longer tells.
 */
export const restoreRequest = z.object({
  sandboxId,
  tenantId,
  template: templateName,
  limits: storedLimits.optional(),
  network: storedNetwork.optional(),
  isolation: isolation.optional(),
  env: z.record(z.string(), z.string()).optional(),
  hostname: z.string().optional(),
  volumes: z.array(storedVolumeMount).optional(),
})
export type RestoreRequest = z.infer<typeof restoreRequest>
