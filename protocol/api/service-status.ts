import { z } from 'zod'
import { processId } from './ids.js'

export const serviceHealth = z.enum(['none', 'starting', 'healthy', 'unhealthy'])

/** The service of a sandbox, as it is now. */
export const serviceStatus = z.object({
  state: z
    .enum(['waiting', 'running', 'restarting', 'exited'])
    .describe(
      '`waiting`: not started yet, or its sandbox does not run; `restarting`: about to be started again',
    ),
  health: serviceHealth,
  exitCode: z.number().nullable().describe('of its last end; 128 and the number of the signal that ended it'),
  restarts: z.number(),
  startedAt: z.iso.datetime().nullable(),
  process: processId.nullable().describe('that it is now, or was last'),
  problem: z
    .string()
    .nullable()
    .describe('why it could not be started, or what its health check printed last'),
})
export type ServiceStatus = z.infer<typeof serviceStatus>
