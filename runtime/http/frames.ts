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

/** Begins an answer of frames. Its head is sent at once: a command may be silent for long, and whoever waits for it learns that it runs. */
export function sendFrames(reply: FastifyReply): FrameSink {
  reply.hijack()
  const out = reply.raw
  out.writeHead(200, { 'content-type': 'application/octet-stream' })
  out.flushHeaders()
  return {
    out,
    onGone: (gone) => {
      if (out.destroyed) gone()
      out.once('close', () => {
        if (!out.writableFinished) gone()
      })
    },
    end: (last) => void out.end(last),
  }
}
