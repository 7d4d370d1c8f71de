import { z } from 'zod'
import { errorCode } from '../../protocol/api/index.js'

/** What the thread is started with, by which it knows what it is for. */
export const archiveThread = z.object({ thread: z.literal('archives') })

const user = z.object({ uid: z.number(), gid: z.number() })
const job = z.object({ id: z.number(), fd: z.number(), uidBase: z.number(), user })
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)

/** What the runtime asks of the thread: to begin a job, to go on with one, to end it. */
export const archiveRequest = z.discriminatedUnion('act', [
  job.extend({ act: z.literal('pack'), path: z.string(), handIn: z.array(z.string()).nullable() }),
  /** `merged`: a descriptor of the layer and those below it, mounted over one another. */
  job.extend({ act: z.literal('pack layer'), merged: z.number() }),
  job.extend({ act: z.literal('unpack'), path: z.string() }),
  job.extend({ act: z.literal('list'), path: z.string(), depth: z.number() }),
  job.extend({ act: z.literal('copy'), from: z.string(), to: z.string() }),
  /** The next part of a tar that is unpacked, answered by `more`. */
  z.object({ act: z.literal('bytes'), id: z.number(), bytes }),
  z.object({ act: z.literal('end'), id: z.number() }),
  /** The next part of a tar that is packed, please. */
  z.object({ act: z.literal('next'), id: z.number() }),
  /** Nobody wants the rest; whether because the sender has gone or the reader. */
  z.object({ act: z.literal('stop'), id: z.number(), why: z.string() }),
])
export type ArchiveRequest = z.infer<typeof archiveRequest>

/** What the thread says of a job. `done` comes once, last. */
export const archiveMessage = z.discriminatedUnion('what', [
  z.object({ what: z.literal('bytes'), id: z.number(), bytes }),
  z.object({ what: z.literal('more'), id: z.number() }),
  z.object({
    what: z.literal('done'),
    id: z.number(),
    error: z.object({ code: errorCode.nullable(), message: z.string() }).nullable(),
  }),
])
export type ArchiveMessage = z.infer<typeof archiveMessage>
