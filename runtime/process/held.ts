import type { Duplex } from 'node:stream'
import type { SandboxProcess, SignalName, TerminalSize } from '../../protocol/api/index.js'

/** A process that is held for whoever attaches to it, with a terminal or without. */
export interface HeldProcess {
  readonly id: string
  readonly sandboxId: string
  readonly exited: boolean
  /** Bytes of output so far. */
  readonly seq: number
  /** Resolves when it has ended and its last output is here. */
  readonly ended: Promise<void>
  describeProcess(): SandboxProcess
  /** Sends its output to a line, from byte `since` on. */
  attach(line: Duplex, since: number | undefined): void
  /** Takes input from a line until that says its end. */
  takeInput(line: Duplex): void
  /** Sends a signal to it and its descendants. */
  signal(name: SignalName): Promise<void>
  /** @throws RuntimeRefusal `invalid_request` when it has no terminal */
  resize(size: TerminalSize): void
  /** Ends it. */
  close(): void
}
