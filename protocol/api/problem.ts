import { z } from 'zod'

/** Codes of everything that goes wrong, at the runtime and at the API. Stable: programs match on them. */
export const errorCode = z.enum([
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'file_not_found',
  'conflict',
  'precondition_failed',
  'range_not_satisfiable',
  'offset_mismatch',
  'quota_exceeded',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limited',
  'sandbox_not_running',
  'template_unavailable',
  'node_full',
  'disk_full',
  'queue_full',
  'runtime_unavailable',
  'port_unreachable',
  'port_timeout',
  'database_unavailable',
  'internal',
])
export type ErrorCode = z.infer<typeof errorCode>

export const statusOf: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  file_not_found: 404,
  conflict: 409,
  sandbox_not_running: 409,
  offset_mismatch: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  quota_exceeded: 422,
  template_unavailable: 422,
  rate_limited: 429,
  queue_full: 429,
  internal: 500,
  port_unreachable: 502,
  port_timeout: 504,
  node_full: 503,
  runtime_unavailable: 503,
  database_unavailable: 503,
  disk_full: 507,
}

/** An error of the API: RFC 9457, `application/problem+json`. */
export const problem = z.object({
  type: z.string().describe('urn:cloche:problem:<code>'),
  title: z.string(),
  status: z.int(),
  code: errorCode,
  detail: z.string().describe('what is wrong, where, and what to do'),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('one entry for each part of the request that is wrong'),
  existingId: z.string().optional().describe('of what has the name already, for `conflict`'),
  submissions: z.number().optional().describe('how many would be deleted as well, for `conflict`'),
  sizeBytes: z
    .number()
    .optional()
    .describe('of the file as it is, for `range_not_satisfiable` and `offset_mismatch`'),
})
export type Problem = z.infer<typeof problem>
