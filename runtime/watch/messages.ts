import { z } from 'zod'
import { errorCode, watchEvent } from '../../protocol/api/index.js'

/** What the thread is started with, by which it knows what it is for. */
export const watchThread = z.object({ thread: z.literal('watch') })

/** What the runtime asks of the thread. The descriptor of the directory is the runtime's, until `ended`. */
export const watchRequest = z.discriminatedUnion('act', [
  z.object({
    ...{ act: z.literal('begin'), id: z.number(), fd: z.number() },
    ...{ base: z.string(), recursive: z.boolean(), directoriesMax: z.number() },
  }),
  z.object({ act: z.literal('end'), id: z.number() }),
])
export type WatchRequest = z.infer<typeof watchRequest>

/** What the thread says of a watch. `begun` comes first unless that fails; `ended` comes once, last, with why it could not be begun or went wrong. */
export const watchMessage = z.discriminatedUnion('what', [
  z.object({ what: z.literal('begun'), id: z.number() }),
  z.object({ what: z.literal('event'), id: z.number(), event: watchEvent }),
  z.object({
    what: z.literal('ended'),
    id: z.number(),
    error: z.object({ code: errorCode.nullable(), message: z.string() }).nullable(),
  }),
])
export type WatchMessage = z.infer<typeof watchMessage>
