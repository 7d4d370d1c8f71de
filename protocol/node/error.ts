import { z } from 'zod'
import { errorCode } from '../api/problem.js'

/** The body of every refusal of a node. */
export const runtimeError = z.object({
  code: errorCode,
  message: z.string(),
  sizeBytes: z.number().optional(),
})
export type RuntimeError = z.infer<typeof runtimeError>
