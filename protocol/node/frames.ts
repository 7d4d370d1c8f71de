/**
 * Binary frames on the runtime's streams: one byte of type, four bytes of length (big-endian), payload.
 *
 * exec, runtime → server, the body of its answer: `stdout`, `stderr`, then one `exit` (JSON `execExit`).
 * process, runtime → server: `attached` (JSON `processAttached`), then `stdout` and `stderr` from that byte on, and one
 * `exit`. Another `attached` in between says that the reader was too slow for everything. Of a process with a terminal it
 * is as for that:
 * terminal, runtime → server: `attached` (JSON `attached`), where that says so one `screen`, then `stdout` (replay,
 * then live), `resize` (JSON `terminalSize`) where the terminal's size changes, whoever asked for it, and at the end
 * one `exit` (JSON `exitStatus`). Another `attached` with its `screen` may come in between. server → runtime: `stdin`
 * (at most `maxInputBytes`), `resize` (JSON `terminalResize`), and `ack` (eight bytes: the sequence number up to which
 * the far end has consumed).
 * input, server → runtime: `stdin`, then one `stdinEnd` (JSON `stdinEnd`); runtime → server: one `stdinTaken` (JSON).
 */
export const frameType = {
  ...{ stdout: 1, stderr: 2, exit: 3 },
  ...{ attached: 4, stdin: 5, resize: 6, ack: 7, screen: 8 },
  ...{ stdinEnd: 12, stdinTaken: 13 },
} as const
export type FrameType = (typeof frameType)[keyof typeof frameType]

const headerBytes = 5
/** No honest peer sends more in one frame. */
const maxPayloadBytes = 16 * 1024 * 1024

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

/** What comes before a payload of `length` bytes that is written in pieces. */
export function encodeFrameHeader(type: FrameType, length: number): Buffer {
  const header = Buffer.allocUnsafe(headerBytes)
  header.writeUInt8(type, 0)
  header.writeUInt32BE(length, 1)
  return header
}

export function encodeFrame(type: FrameType, payload: Uint8Array): Buffer {
  return Buffer.concat([encodeFrameHeader(type, payload.length), payload])
}

export function encodeJsonFrame(type: FrameType, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value)))
}

export function encodeAck(seq: number): Buffer {
  const payload = Buffer.allocUnsafe(8)
  payload.writeBigUInt64BE(BigInt(seq))
  return encodeFrame(frameType.ack, payload)
}

/** @throws RangeError when it is not eight bytes */
export function decodeAck(payload: Buffer): number {
  return Number(payload.readBigUInt64BE(0))
}

/** Cuts a stream of bytes into frames. */
export class FrameDecoder {
  #chunks: Buffer[] = []
  #bytes = 0
  /** Bytes that the frame at the front needs, as far as is known. */
  #needed = headerBytes

  /** @param maxBytes the longest payload that an honest peer sends */
  constructor(private readonly maxBytes = maxPayloadBytes) {}

  /** @throws RangeError on a length that no honest peer sends */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#needed) return []
    const pending = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    const frames: Frame[] = []
    let offset = 0
    this.#needed = headerBytes
    while (pending.length - offset >= headerBytes) {
      const length = pending.readUInt32BE(offset + 1)
      if (length > this.maxBytes) throw new RangeError(`a frame of ${length} bytes`)
      this.#needed = headerBytes + length
      if (pending.length - offset < this.#needed) break
      const payload = pending.subarray(offset + headerBytes, offset + this.#needed)
      frames.push({ type: pending.readUInt8(offset), payload })
      offset += this.#needed
      this.#needed = headerBytes
    }
    const rest = pending.subarray(offset)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
    return frames
  }
}
