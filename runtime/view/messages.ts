import { z } from 'zod'

/** What the thread is started with. */
export const viewOptions = z.object({
  run: z.string(),
  /** Of the daemon. */
  cgroup: z.string(),
  device: z.string(),
})

/** What the runtime asks of the thread. */
export const viewRequest = z.discriminatedUnion('act', [
  /** A sandbox has just been started. `volume` is where the kernel counts its disk. */
  z.object({ act: z.literal('prepare'), id: z.number(), pid: z.int(), volume: z.string() }),
  /** The same of one that has its cgroups and what its disk holds already. */
  z.object({ act: z.literal('cover'), id: z.number(), pid: z.int() }),
  /** A sandbox that an earlier runtime started. */
  z.object({ act: z.literal('adopt'), id: z.number(), pid: z.int() }),
  z.object({ act: z.literal('cgroups'), id: z.number(), pid: z.int(), path: z.string(), from: z.string() }),
  /** Ends the daemon. */
  z.object({ act: z.literal('shutdown'), id: z.number() }),
])
export type ViewRequest = z.infer<typeof viewRequest>

/** What the thread says: an answer to the request `id`, or why sandboxes see the host (null: they do not). */
export const viewMessage = z.union([
  z.object({ id: z.number(), error: z.string().nullable() }),
  z.object({ problem: z.string().nullable() }),
])
export type ViewMessage = z.infer<typeof viewMessage>
