import { z } from 'zod'
import { recipe } from './languages.js'
import { limits } from './limits.js'
import { idlePolicy, isolation, templateName } from './sandbox.js'

export const template = z.object({
  name: templateName,
  description: z.string(),
  defaults: limits,
  isolation: z.array(isolation),
  idle: idlePolicy
    .nullable()
    .default(null)
    .describe(
      'when its sandboxes are put to sleep, unless somebody says otherwise; null: as the tenant has it',
    ),
  /** What it can run by name. */
  languages: z.array(recipe).default([]),
})
export type Template = z.infer<typeof template>

/** Sizes that pages and the command line offer. A request may ask for any limits. */
export const sizes = {
  small: { cpus: 0.5, memoryMiB: 512, diskMiB: 2048, pids: 256 },
  medium: { cpus: 1, memoryMiB: 1024, diskMiB: 4096, pids: 512 },
  large: { cpus: 2, memoryMiB: 4096, diskMiB: 10_240, pids: 1024 },
} as const satisfies Record<string, z.infer<typeof limits>>
