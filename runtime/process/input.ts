import type { Duplex } from 'node:stream'
import { maxInputBytes } from '../../protocol/api/index.js'
import { encodeJsonFrame, FrameDecoder, frameType, stdinEnd } from '../../protocol/node/index.js'

/** What a process reads. */
export interface InputSink {
  /** False when nothing is read from it any more. */
  readonly open: boolean
  /** Calls `taken` when the bytes are in; never when the process ends before. @returns whether there is room for more */
  write(bytes: Buffer, taken: () => void): boolean
  /** Calls `done` when there is room for more, or nothing is read any more. */
  onRoom(done: () => void): void
  /** Calls `closed` once nothing is read any more; at once when that is so already. @returns what takes that back */
  onClosed(closed: () => void): () => void
  /** The process reads the end of file. */
  end(): void
}

/**
 * Takes what comes on a line as a process's input. The line is not read while the process does not read, so that
 * input of any length passes through with little of it here. When all of it is in, the line is told so and ends.
 */
export function takeInput(line: Duplex, sink: InputSink): void {
  const decoder = new FrameDecoder(maxInputBytes)
  let pending = 0
  let bytes = 0
  let end: { close: boolean } | undefined
  const answer = (whole: boolean) => {
    if (line.writableEnded) return
    line.end(encodeJsonFrame(frameType.stdinTaken, { bytes, whole }))
    line.resume() // what still comes is nobody's
  }
  const finish = () => {
    if (end === undefined || pending > 0) return
    if (end.close) sink.end()
    answer(true)
  }
  const take = (type: number, payload: Buffer) => {
    if (end !== undefined || (type !== frameType.stdin && type !== frameType.stdinEnd))
      throw new RangeError(`a frame of type ${type}`)
    if (type === frameType.stdinEnd) {
      end = stdinEnd.parse(JSON.parse(payload.toString()))
      return finish()
    }
    if (payload.length === 0 || !sink.open) return
    pending++
    const room = sink.write(payload, () => {
      pending--
      bytes += payload.length
      finish()
    })
    if (room || line.isPaused()) return
    line.pause()
    sink.onRoom(() => line.resume())
  }
  line.once('end', () => line.destroy())
  line.on('data', (chunk: Buffer) => {
    try {
      for (const { type, payload } of decoder.push(chunk)) take(type, payload)
    } catch {
      line.destroy() // whoever it is, it is not the server
    }
  })
  line.once(
    'close',
    sink.onClosed(() => answer(end !== undefined && pending === 0)),
  )
}
