import { z } from 'zod'
import { comparison, similarityRequests } from '../similarity/messages.js'

/** What the thread is asked to compare. */
export const compareRequest = z.discriminatedUnion('act', [
  z.object({ act: z.literal('diff'), path: z.string(), before: z.string(), after: z.string() }),
  z.object({ act: z.literal('regex'), pattern: z.string(), text: z.string() }),
  ...similarityRequests,
])
export type CompareRequest = z.infer<typeof compareRequest>

/** `patch`: null when the texts are too different to be compared in time. `matches`: null when the pattern is none. `comparison`: null until it is asked for. */
export const compareAnswer = z.union([
  z.object({ patch: z.string().nullable() }),
  z.object({ matches: z.boolean().nullable() }),
  z.object({ comparison: comparison.nullable() }),
])
export type CompareAnswer = z.infer<typeof compareAnswer>
