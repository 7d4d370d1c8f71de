import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../../common/log.js'
import { every } from '../../common/timers.js'

/** A body must bring this much in each window, as long as somebody reads it. */
const leastBytes = 5 * 1024
const windowMs = 5000
/** Windows in a row without it; a phone that changes networks needs one. */
const patience = 3

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body comes from a program that may be silent for as long as it wants. */
    bodyMayPause?: boolean
  }
}

interface Upload {
  bytes: number
  slow: number
}

/**
 * Ends requests whose body comes too slowly to be meant (less than 1 KiB/s for 15 s), so that nobody holds connections
 * for nothing. An upload that makes progress may take as long as it wants, and one that waits for us, because a
 * sandbox's disk is slow, is not counted.
 */
export function endSlowUploads(app: FastifyInstance, log: Logger): void {
  const uploads = new Map<IncomingMessage, Upload>()
  const timer = every(windowMs, 'looking for slow uploads', log, () => {
    for (const [request, upload] of uploads) {
      const bytes = request.socket.bytesRead
      const waitsForUs = request.readableLength > 0
      const slow = !waitsForUs && !request.complete && bytes - upload.bytes < leastBytes
      upload.slow = slow ? upload.slow + 1 : 0
      upload.bytes = bytes
      if (upload.slow >= patience) request.destroy()
      if (request.complete || request.destroyed) uploads.delete(request)
    }
  })
  app.addHook('onClose', async () => timer[Symbol.dispose]())
  app.addHook('onRequest', async ({ raw, routeOptions }) => {
    if (routeOptions.config.bodyMayPause) return
    const { headers } = raw
    if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0)) return
    uploads.set(raw, { bytes: raw.socket.bytesRead, slow: 0 })
    raw.once('close', () => uploads.delete(raw))
  })
}
