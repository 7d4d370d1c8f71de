import { z } from 'zod'
import { insidePath } from './sandbox.js'

/** Query of `GET /sandboxes/{id}/files/watch`. */
export const watchQuery = z.object({
  path: insidePath.default('/home/user').describe('the directory to watch'),
  recursive: z.enum(['true', 'false']).default('true').describe('with all directories below it'),
})
export type WatchQuery = z.infer<typeof watchQuery>

/** The most changes that one event tells of; where more come at a time, `rescan` comes instead. */
export const watchChangesMax = 500

/** A change of a file or a directory. */
export const fileChange = z.object({
  path: z.string().describe('below the path that is watched, in the form of all paths'),
  type: z
    .enum(['created', 'modified', 'deleted', 'moved'])
    .describe('modified: its content, or its permissions, owner or times'),
  from: z
    .string()
    .optional()
    .describe('moved: the path that it had; what lies below a directory moves along'),
})
export type FileChange = z.infer<typeof fileChange>

/** Of events `ready` and `rescan`. */
export const watchState = z.object({
  complete: z.boolean().describe('false: there are more directories than one watch can follow'),
})

/** Why there are no more events. */
export const watchEndReason = z.enum(['stopped', 'deleted', 'moved', 'failed'])
export type WatchEndReason = z.infer<typeof watchEndReason>

/** An event: its name is `type`, its data is the rest. */
export const watchEvent = z.discriminatedUnion('type', [
  watchState.extend({ type: z.literal('ready') }),
  z.object({ type: z.literal('change'), changes: z.array(fileChange) }),
  watchState.extend({ type: z.literal('rescan') }),
  z.object({ type: z.literal('end'), reason: watchEndReason }),
])
/**
 * - `ready`: from here on every change is told; what was read before this may be out of date.
 * - `change`: in their order; changes of one path in quick succession come as one.
 * - `rescan`: changes were missed, for there were too many at a time. Everything must be read again.
 * - `end`, the last one: the sandbox was `stopped`; the directory or the sandbox was `deleted`; the directory was `moved`,
 *   so that its path is another one; or the node `failed`, and can be asked again.
 */
export type WatchEvent = z.infer<typeof watchEvent>
