import type { FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { statusOf } from '../../protocol/api/index.js'
import { CgroupWriteError } from '../cgroup/hierarchy.js'
import { RuntimeRefusal } from '../errors.js'

/** A full node has room again when somebody's sandbox ends: nobody knows when, but not in a moment. */
const retryAfterSeconds = 5
/** A run brings its files and input, as base64. */
export const maxBodyBytes = 32 * 1024 * 1024

/** What the kernel answers when the node itself cannot write. What a sandbox's own limits refuse is told elsewhere. */
const unwritable = new Set(['ENOSPC', 'EROFS', 'EDQUOT'])

/** Answers an error. The only place where errors become HTTP. */
export function sendRefusal(error: unknown, call: string, reply: FastifyReply, log: Logger): void {
  const { code, message, sizeBytes, retryAfterSeconds: after } = refusalOf(error)
  if (code === 'internal' || (code === 'disk_full' && !(error instanceof RuntimeRefusal))) {
    log.error({ error, call }, 'a call failed')
  }
  // Fastify would hang up in the middle of a body that is too long, and the caller would not see why.
  if (code === 'payload_too_large') reply.removeHeader('connection')
  const wait = after ?? (code === 'node_full' ? retryAfterSeconds : undefined)
  if (wait !== undefined) reply.header('retry-after', wait)
  reply.code(statusOf[code]).send({ code, message, sizeBytes })
}

function refusalOf(error: unknown): RuntimeRefusal {
  if (error instanceof RuntimeRefusal) return error
  if (error instanceof z.ZodError) return new RuntimeRefusal('invalid_request', z.prettifyError(error))
  if (error instanceof CgroupWriteError) return new RuntimeRefusal('invalid_request', error.publicMessage)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new RuntimeRefusal('payload_too_large', 'the body is longer than 32 MiB')
  }
  if (code.startsWith('FST_ERR_CTP_') || code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new RuntimeRefusal('invalid_request', 'the request is malformed')
  }
  if (unwritable.has(code)) {
    return new RuntimeRefusal(
      'disk_full',
      "this node's disk is full or read-only; try again later",
      retryAfterSeconds,
    )
  }
  // What it says may name files of the host. The log has it.
  return new RuntimeRefusal('internal', 'the runtime failed; its log says why')
}
