import { z } from 'zod'
import { startProcess } from '../api/processes.js'

/**
 * Beside the runtime's socket: answers the calls that are upgraded to `processLine`, so that a server on the same
 * machine joins a process without the runtime in between.
 */
export const attachSocket = 'attach.sock'

/** Body of `POST /sandboxes/:id/processes`. */
export const startNodeProcess = startProcess.extend({
  endsWithInput: z
    .boolean()
    .default(false)
    .describe('it is killed when a line of its input ends, and when none begins within `inputBeginsMs`'),
})
export type StartNodeProcess = z.infer<typeof startNodeProcess>

/** How long a process with `endsWithInput` waits for the first line of its input. */
export const inputBeginsMs = 10_000

/** What a runtime answers first on a line to the output of a process, and again after a gap. */
export const processAttached = z.object({
  /** Number of the first byte of output that follows. */
  seq: z.number(),
})

/** How long a runtime waits for the end of a process in one call, in milliseconds, at most. */
export const maxWaitMs = 10_000

/** Closes a process's standard input after what was sent, or leaves it open for more. */
export const stdinEnd = z.object({ close: z.boolean() })

/** What became of input. */
export const stdinTaken = z.object({
  /** Bytes that the process's pipe or terminal took. */
  bytes: z.number(),
  /** False when the process ended, or closed its input, before all of it was taken. */
  whole: z.boolean(),
})
export type StdinTaken = z.infer<typeof stdinTaken>

/** Output of a process that is kept for who attaches later, in bytes. */
export const outputLogBytes = 1024 * 1024
