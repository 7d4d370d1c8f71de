/**
 * Binary frames on the runtime's streams: one byte of type, four bytes of length (big-endian), payload.
 *
 * exec, runtime → server: `stdout`, `stderr`, then one `exit` (JSON `execExit`).
 * terminal, runtime → server: one `attached` (JSON `attached`), then `stdout` (replay, then live) and at the
 * end one `exit` (JSON `exitStatus`). server → runtime: `stdin`, `resize` (JSON `terminalSize`), and `ack`
 * (eight bytes: the sequence number up to which the far end has consumed).
 */
export const frameType = { stdout: 1, stderr: 2, exit: 3, attached: 4, stdin: 5, resize: 6, ack: 7 } as const
export type FrameType = (typeof frameType)[keyof typeof frameType]

const headerBytes = 5
/** No honest peer sends more in one frame. */
const maxPayloadBytes = 16 * 1024 * 1024

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

export function encodeFrame(type: FrameType, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  frame.writeUInt8(type, 0)
  frame.writeUInt32BE(payload.length, 1)
  frame.set(payload, headerBytes)
  return frame
}

export function encodeJsonFrame(type: FrameType, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value)))
}

export function encodeAck(seq: number): Buffer {
  const payload = Buffer.allocUnsafe(8)
  payload.writeBigUInt64BE(BigInt(seq))
  return encodeFrame(frameType.ack, payload)
}

export function decodeAck(payload: Buffer): number {
  return Number(payload.readBigUInt64BE(0))
}

/** Cuts a stream of bytes into frames. Throws on a length that no honest peer sends. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Frame[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const frames: Frame[] = []
    let offset = 0
    while (this.#pending.length - offset >= headerBytes) {
      const length = this.#pending.readUInt32BE(offset + 1)
      if (length > maxPayloadBytes) throw new RangeError(`a frame of ${length} bytes`)
      const end = offset + headerBytes + length
      if (end > this.#pending.length) break
      frames.push({
        type: this.#pending.readUInt8(offset),
        payload: this.#pending.subarray(offset + headerBytes, end),
      })
      offset = end
    }
    this.#pending = this.#pending.subarray(offset)
    return frames
  }
}
