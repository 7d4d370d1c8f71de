import type { Duplex, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { maxInputBytes } from '../../protocol/api/index.js'
import {
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  frameType,
  type StdinTaken,
  stdinTaken,
} from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import { roomOn } from './room.js'

/** A process may end at the last byte of its input: whether it was the last is known when this has passed. */
const lastByteMs = 200

/** Sends `input` over a line of a process's input, as fast as the process reads. */
export async function sendInput(line: Duplex, input: Readable, close: boolean): Promise<StdinTaken> {
  const taken = answerOf(line)
  const over = taken.then(
    () => 'over' as const,
    () => 'over' as const,
  )
  // A caller that breaks off has said all that it will say: what it sent is in, and its input stays open.
  const chunks = input.iterator({ destroyOnReturn: false })
  let sent = 0
  try {
    for (;;) {
      const coming = chunks.next()
      const first = await Promise.race([coming, over])
      const next = first === 'over' ? await Promise.race([coming, sleep(lastByteMs, first)]) : first
      if (next === 'over') break
      if (next.done) {
        if (first !== 'over') line.write(encodeJsonFrame(frameType.stdinEnd, { close }))
        const { bytes, whole } = await taken
        return { bytes, whole: whole || bytes === sent }
      }
      sent += next.value.length
      await write(line, next.value)
    }
    return { ...(await taken), whole: false }
  } finally {
    line.destroy()
    input.resume() // what is left of it is nobody's
  }
}

async function write(line: Duplex, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length && line.writable; at += maxInputBytes) {
    const room = line.write(encodeFrame(frameType.stdin, chunk.subarray(at, at + maxInputBytes)))
    if (!room) await roomOn(line)
  }
}

function answerOf(line: Duplex): Promise<StdinTaken> {
  return new Promise((resolve, reject) => {
    const decoder = new FrameDecoder()
    line.on('data', (chunk: Buffer) => {
      try {
        for (const { type, payload } of decoder.push(chunk)) {
          if (type === frameType.stdinTaken) resolve(stdinTaken.parse(JSON.parse(payload.toString())))
        }
      } catch (error) {
        line.destroy()
        reject(error)
      }
    })
    const lost = 'the connection to the process was lost while input was sent'
    line.on('error', () => line.destroy())
    line.once('close', () => reject(new ApiError('runtime_unavailable', lost)))
  })
}
