import { z } from 'zod'

/** What `GET …/attach` and `GET …/stdin` are upgraded to. */
export const processLine = 'cloche-process'
/** `since` is the number of the byte to go on from; a screen comes first without it. */
export const attachQuery = z.object({
  since: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .optional(),
})

/**
 * What a runtime answers first when a terminal is attached, and again whenever it gave up sending a slow client
 * everything. With `screen` the next frame is one `screen`: a fresh terminal of `cols` × `rows` that is given its
 * bytes shows what everybody else sees, modes and scrollback included. Without it, what follows continues from
 * `since`, byte for byte.
 */
export const attached = z.object({
  /** Number of the first byte of output that follows. The bytes of a screen are not counted. */
  seq: z.number(),
  cols: z.number(),
  rows: z.number(),
  screen: z.boolean(),
  title: z.string(),
})
export type Attached = z.infer<typeof attached>

/**
 * Bytes that may be on their way to one client without its acknowledgement. A terminal whose slowest client is
 * this far behind is not read any more, so its program blocks, as on a real slow line. Nobody is waited for
 * endlessly: one who does not catch up is set aside, while others do within a second, otherwise after half a
 * minute without any acknowledgement. It is sent nothing more until it has acknowledged all it was sent; then
 * it gets what it missed, or, where that is gone, a screen.
 */
export const flowHighWaterBytes = 512 * 1024

/** Output kept for replay, for each terminal. */
export const replayBytes = 1024 * 1024

/** Lines above the visible ones that a screen brings along. */
export const screenScrollbackLines = 1000
