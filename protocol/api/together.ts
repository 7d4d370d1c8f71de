import { z } from 'zod'
import { sandboxId } from './ids.js'

/** Files that somebody has before them at once: one in each group of the editor. */
export const shownFilesMax = 3
/** A longer path is not told to others. */
export const shownPathMax = 1024

/** Socket.io namespace `/terminals`: `enter`. Said again, it changes what is shown. */
export const socketEnter = z.object({
  sandboxId,
  files: z
    .array(z.string().min(1).max(shownPathMax))
    .max(shownFilesMax)
    .describe('that the caller has before them, the one they work in first'),
})
export type SocketEnter = z.infer<typeof socketEnter>

/** Somebody who has a workspace open. A person with two windows is there twice. */
export const present = z.object({
  id: z.string().max(64).describe('of this window'),
  name: z.string().max(128),
  files: z.array(z.string().max(shownPathMax)).max(shownFilesMax),
  mayType: z.boolean(),
  since: z.number().describe('milliseconds since 1970'),
})
export type Present = z.infer<typeof present>
