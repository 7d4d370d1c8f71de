import { z } from 'zod'

/** A TCP port of a sandbox. */
export const portNumber = z.int().min(1).max(65_535)

/** What accepts connections inside a sandbox. */
export const listeningPort = z.object({
  port: portNumber,
  address: z
    .string()
    .describe('that it is bound to; one that is bound to `127.0.0.1` can be reached as well'),
  process: z.string().nullable().describe('name of the program; null when it is not known'),
})
export type ListeningPort = z.infer<typeof listeningPort>
