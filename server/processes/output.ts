import { type Duplex, PassThrough, type Readable } from 'node:stream'
import { z } from 'zod'
import { exitStatus, terminalSize } from '../../protocol/api/index.js'
import { encodeAck, type Frame, FrameDecoder, frameType } from '../../protocol/node/index.js'
import { roomOn } from './room.js'

/** What both kinds of processes say first; a terminal says more. */
const attached = z.object({ seq: z.number(), screen: z.boolean().default(false) })

/**
 * A process's output as server-sent events, each with the number of the byte that comes next as its id: `stdout` and
 * `stderr` with `{seq, data}` (base64), `exit` with `{exitCode, signal}` at the end; `gap` with `{seq}` where output is not
 * kept any more; of a terminal also `screen` with `{seq, data}`, which stands for all before it, and `resize` with
 * `{cols, rows}`. `error` when the node went away: the stream can be asked for again from the last id.
 *
 * @param since what was asked for; undefined for everything that is kept
 */
export function asEvents(line: Duplex, since: number | undefined): Readable {
  const events = new PassThrough()
  void write(line, events, since)
  return events
}

async function write(line: Duplex, events: PassThrough, since: number | undefined): Promise<void> {
  let seq = since ?? 0
  const send = async (name: string, value: object) => {
    if (events.destroyed) return
    if (events.write(`id: ${seq}\nevent: ${name}\ndata: ${JSON.stringify(value)}\n\n`)) return
    await roomOn(events)
  }
  const take = async ({ type, payload }: Frame): Promise<void> => {
    if (type === frameType.stdout || type === frameType.stderr) {
      const from = seq
      seq += payload.length
      await send(type === frameType.stdout ? 'stdout' : 'stderr', {
        seq: from,
        data: payload.toString('base64'),
      })
      // A terminal waits for this; of a process with pipes nothing is read that this does not take.
      if (line.writable) line.write(encodeAck(seq))
    } else if (type === frameType.attached) {
      const { seq: at, screen } = attached.parse(JSON.parse(payload.toString()))
      const missed = at !== seq && !screen
      seq = at
      if (missed) await send('gap', { seq: at })
    } else if (type === frameType.screen) await send('screen', { seq, data: payload.toString('base64') })
    else if (type === frameType.resize) {
      await send('resize', terminalSize.parse(JSON.parse(payload.toString())))
    } else if (type === frameType.exit) {
      await send('exit', exitStatus.parse(JSON.parse(payload.toString())))
    }
  }
  events.once('close', () => line.destroy())
  const decoder = new FrameDecoder()
  let ended = false
  try {
    for await (const chunk of line) {
      for (const frame of decoder.push(chunk)) {
        await take(frame)
        ended ||= frame.type === frameType.exit
      }
      if (ended) break
    }
  } catch {
    // The node went away, or the reader did: the latter hears nothing of this any more.
  }
  if (!ended) await send('error', { code: 'runtime_unavailable' })
  events.end()
}
