import { z } from 'zod'
import { tenantId } from '../../protocol/api/index.js'

/** Of what must be there already: an id that is none is simply not found. */
export const existing = z.object({ id: z.string() })
export const tenantParams = z.object({ id: tenantId })
