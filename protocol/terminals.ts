import { z } from 'zod'
import { sandboxId, terminalId } from './ids.js'
import { exitStatus, insidePath, terminalSize } from './sandbox.js'

/** What a runtime answers first when a terminal is attached. */
export const attached = z.object({
  /** Sequence number of the first byte that follows. Greater than `since` when the bytes between are gone. */
  seq: z.number(),
  cols: z.number(),
  rows: z.number(),
})
export type Attached = z.infer<typeof attached>

/** The last frame of an exec. */
export const execExit = exitStatus.extend({ timedOut: z.boolean(), durationMs: z.number() })
export type ExecExit = z.infer<typeof execExit>

/**
 * Bytes that may be on their way to one client without its acknowledgement. A terminal whose slowest
 * client is this far behind is not read any more, so its program blocks, as on a real slow line.
 */
export const flowHighWaterBytes = 512 * 1024
/** A client acknowledges at least this often. */
export const ackEveryBytes = 64 * 1024
/** Output kept for replay, for each terminal. */
export const replayBytes = 1024 * 1024

/** Socket.io namespace `/terminals`: `open`. */
export const socketOpen = z.object({
  sandboxId,
  terminalId: terminalId.optional(),
  cols: terminalSize.shape.cols,
  rows: terminalSize.shape.rows,
  cwd: insidePath.optional(),
  /** Bytes of this terminal's output the client has already; what follows is sent. */
  since: z.int().min(0).optional(),
})
export type SocketOpen = z.infer<typeof socketOpen>

export const socketError = z.object({ code: z.string(), message: z.string() })

/** What `open` and the other calls are acknowledged with. */
export type SocketAck<T> = ({ ok: true } & T) | { ok: false; error: z.infer<typeof socketError> }

export interface ServerToClient {
  /** `seq` is the number of the first of these bytes. */
  output(terminalId: string, seq: number, bytes: Uint8Array): void
  exit(terminalId: string, status: z.infer<typeof exitStatus>): void
  /** The line to the terminal broke on the server's side; open it again with `since`. */
  detached(terminalId: string, reason: string): void
}

export interface ClientToServer {
  open(
    request: SocketOpen,
    answer: (ack: SocketAck<{ terminalId: string; seq: number; cols: number; rows: number }>) => void,
  ): void
  input(terminalId: string, bytes: Uint8Array): void
  resize(terminalId: string, cols: number, rows: number): void
  /** The client has drawn every byte below `seq`. */
  ack(terminalId: string, seq: number): void
  /** Ends the program in the terminal, for everybody. */
  close(terminalId: string, answer?: (ack: SocketAck<object>) => void): void
  /** Stops listening; the terminal lives on. */
  detach(terminalId: string): void
}
