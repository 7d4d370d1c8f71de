import { z } from 'zod'
import { errorCode } from '../api/problem.js'

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
