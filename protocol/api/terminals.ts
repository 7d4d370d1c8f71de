import { z } from 'zod'
import { sandboxId, terminalId } from './ids.js'
import { type exitStatus, insideUser, terminalSize, workingDirectory } from './sandbox.js'
import type { Present, SharedFrame, SocketEnter } from './together.js'

/** A client acknowledges at least this often. */
export const ackEveryBytes = 64 * 1024

/** Keystrokes or pasted text in one piece, at most; a longer paste comes in pieces. */
export const maxInputBytes = 256 * 1024

/** Socket.io namespace `/terminals`: `open`. */
export const socketOpen = z.object({
  sandboxId,
  terminalId: terminalId.optional(),
  cols: terminalSize.shape.cols,
  rows: terminalSize.shape.rows,
  cwd: workingDirectory.optional(),
  user: insideUser.optional(),
  /** Bytes of this terminal's output the client has already; what follows is sent. Without it a screen is sent. */
  since: z.int().min(0).optional(),
})
export type SocketOpen = z.infer<typeof socketOpen>

export const socketError = z.object({ code: z.string(), message: z.string() })

/** What `open` and the other calls are acknowledged with. */
export type SocketAck<T> = ({ ok: true } & T) | { ok: false; error: z.infer<typeof socketError> }

/** What `open` answers. */
export interface SocketAttached {
  terminalId: string
  /** Number of the first byte of output that follows. */
  seq: number
  cols: number
  rows: number
  title: string
  /** Not null: reset the terminal, make it `cols` × `rows`, and write these bytes. Null: go on from `since`. */
  screen: Uint8Array | null
  /** False for whom the sandbox is shared with to look: what they type is dropped. Only in the answer to `open`. */
  mayType?: boolean
}

export interface ServerToClient {
  /** `seq` is the number of the first of these bytes. */
  output(terminalId: string, seq: number, bytes: Uint8Array): void
  /** This client was too slow for everything: it goes on from this screen, as after `open`. */
  screen(attached: SocketAttached): void
  /** Someone else, or this client, has resized the terminal: what follows is drawn for this size. */
  resized(terminalId: string, cols: number, rows: number): void
  exit(terminalId: string, status: z.infer<typeof exitStatus>): void
  /** The line to the terminal broke on the server's side; open it again with `since`. */
  detached(terminalId: string, reason: string): void
  /** Who has a workspace open that this connection has entered, in the order in which they came; empty when it has to leave. */
  people(sandboxId: string, people: readonly Present[]): void
  /** What another window, `from`, tells. Whoever leaves many of them without `taken` is not sent more. */
  told(sandboxId: string, from: string, frame: SharedFrame, taken: () => void): void
  /** Something of a live lesson of this student has changed, but for hands of others: `GET /lessons` tells what. */
  lesson(): void
}

export interface ClientToServer {
  open(request: SocketOpen, answer: (ack: SocketAck<SocketAttached>) => void): void
  /** At most `maxInputBytes`. */
  input(terminalId: string, bytes: Uint8Array): void
  /**
   * What fits here. The terminal takes this size, for everybody; with `claim` false only if its size is this client's
   * already, and otherwise when this client types, or when whoever has the size leaves. `resized` tells when.
   */
  resize(terminalId: string, cols: number, rows: number, claim?: boolean): void
  /** The client has drawn every byte below `seq`. */
  ack(terminalId: string, seq: number): void
  /** Ends the program in the terminal, for everybody. */
  close(terminalId: string, answer?: (ack: SocketAck<object>) => void): void
  /** Stops listening; the terminal lives on. */
  detach(terminalId: string): void
  /** This window has a workspace open, and shows these files of it. `id` is what `people` calls it. */
  enter(request: SocketEnter, answer: (ack: SocketAck<{ id: string }>) => void): void
  leave(sandboxId: string): void
  /**
   * Tells other windows of a workspace that was entered. A change of a text needs what writing a file needs, at each frame.
   * `reached` is how many windows were sent it that may write; those at other servers are counted as they were last heard of.
   */
  tell(sandboxId: string, frame: SharedFrame, answer: (ack: SocketAck<{ reached: number }>) => void): void
}

/** Every event that a client may send: a test asks of each who may, and none can be left out. */
export const clientEvents: Readonly<Record<keyof ClientToServer, true>> = {
  ...{ open: true, input: true, resize: true, ack: true, close: true, detach: true },
  ...{ enter: true, leave: true, tell: true },
}
