import { z } from 'zod'
import type { NetworkPolicy } from './network.js'

/**
 * A network policy as it is read back from where it is stored, as it was accepted once: names of any number and form, and
 * unknown fields are dropped. One that this version does not know at all opens nothing.
 */
export const storedNetwork = z
  .union([z.enum(['none', 'internet']), z.object({ allow: z.array(z.string()) })])
  .catch('none') satisfies z.ZodType<NetworkPolicy>
