import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** An answer of frames. */
export interface FrameSink {
  /** It takes frames until `end`; `write` and `drain` tell whether the reader keeps up. */
  readonly out: ServerResponse
  /** Calls `gone` should the reader go before the end. */
  onGone(gone: () => void): void
  /** @param last the frame that ends the answer */
  end(last: Buffer): void
}

/**
 * How long the head of an answer waits for its first frame, so that both go at once: most commands have written or ended
 * by then, and a write of its own would wake the server once more.
 */
const headAloneMs = 10

/** Begins an answer of frames. A command may be silent for long: its head is sent soon, and whoever waits learns that it runs. */
export function sendFrames(reply: FastifyReply): FrameSink {
  reply.hijack()
  const out = reply.raw
  out.writeHead(200, { 'content-type': 'application/octet-stream' })
  const alone = setTimeout(() => out.flushHeaders(), headAloneMs)
  return {
    out,
    onGone: (gone) => {
      if (out.destroyed) gone()
      out.once('close', () => {
        clearTimeout(alone)
        if (!out.writableFinished) gone()
      })
    },
    end: (last) => {
      clearTimeout(alone)
      out.end(last)
    },
  }
}
