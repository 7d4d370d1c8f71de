import { z } from 'zod'

/** What the thread is asked to compare. */
export const compareRequest = z.discriminatedUnion('act', [
  z.object({ act: z.literal('diff'), path: z.string(), before: z.string(), after: z.string() }),
  z.object({ act: z.literal('regex'), pattern: z.string(), text: z.string() }),
])
export type CompareRequest = z.infer<typeof compareRequest>

/** `patch`: null when the texts are too different to be compared in time. `matches`: null when the pattern is none. */
export const compareAnswer = z.union([
  z.object({ patch: z.string().nullable() }),
  z.object({ matches: z.boolean().nullable() }),
])
export type CompareAnswer = z.infer<typeof compareAnswer>
