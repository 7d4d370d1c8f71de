import { z } from 'zod'
import { textWithoutNul } from './text.js'

export const page = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: textWithoutNul(128).optional().describe('`nextCursor` of the page before'),
})

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })
