import type { Duplex } from 'node:stream'
import type { ExitStatus } from '../../protocol/api/index.js'
import { encodeFrame, encodeJsonFrame, flowHighWaterBytes, frameType } from '../../protocol/node/index.js'
import type { OutputLog } from './output-log.js'

/** A reader that holds up its process is waited for so long after it last took something. */
export const patienceMs = 30_000
/** Sent in one go before others have their turn. */
const sliceBytes = 256 * 1024

/** One line to somebody who reads a process's output. It is sent what it has not had, as far as it takes it. */
export class Follower {
  #tookAt = performance.now()

  constructor(
    readonly line: Duplex,
    private readonly log: OutputLog,
    private sent: number,
  ) {
    this.#announce()
  }

  /** Whether the process is to wait for this reader. */
  get holds(): boolean {
    return this.log.end - this.sent > flowHighWaterBytes && performance.now() - this.#tookAt < patienceMs
  }

  /** Sends what the line takes now. With `exit` that is the last word, once everything before it is out. */
  pump(exit: ExitStatus | null): void {
    const { line, log } = this
    if (line.destroyed || line.writableEnded) return
    while (!line.writableNeedDrain && this.sent < log.end) {
      if (this.sent < log.start) {
        this.sent = log.start
        this.#announce()
      }
      for (const { stream, bytes } of log.after(this.sent, sliceBytes)) {
        line.write(encodeFrame(frameType[stream], bytes))
        this.sent += bytes.length
      }
      this.#tookAt = performance.now()
    }
    if (exit !== null && this.sent === log.end) line.end(encodeJsonFrame(frameType.exit, exit))
  }

  #announce(): void {
    this.line.write(encodeJsonFrame(frameType.attached, { seq: this.sent }))
  }
}
