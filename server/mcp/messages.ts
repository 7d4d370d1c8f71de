import {
  ErrorCode,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { ApiError } from '../errors.js'
import { asApiError } from '../http/problem.js'

/** Messages in one body: version 2025-03-26 of the protocol has batches. */
const batchMax = 20
/** A client counts its calls; what is told to other servers is bounded. */
export const idMax = 256

/** What one body asks for. Responses are to nothing that a server asked, so they are dropped. */
export interface Messages {
  readonly requests: readonly JSONRPCRequest[]
  readonly notifications: readonly JSONRPCNotification[]
  /** It was a list, and so is the answer. */
  readonly isBatch: boolean
}

const body = z.union([JSONRPCMessageSchema, z.array(JSONRPCMessageSchema).min(1).max(batchMax)])

/** @throws ApiError `invalid_request` */
export function messagesOf(value: unknown): Messages {
  const parsed = body.safeParse(value)
  if (!parsed.success) {
    throw new ApiError(
      'invalid_request',
      `the body is no JSON-RPC 2.0 message of the Model Context Protocol, nor a list of 1 to ${batchMax}: POST one such as {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}`,
    )
  }
  const messages = [parsed.data].flat()
  const requests = messages.filter(isRequest)
  if (requests.some(({ id }) => String(id).length > idMax)) {
    throw new ApiError('invalid_request', `id: has at most ${idMax} characters`)
  }
  return {
    requests,
    notifications: messages.filter(isNotification),
    isBatch: Array.isArray(parsed.data),
  }
}

const isRequest = (one: JSONRPCMessage): one is JSONRPCRequest => 'method' in one && 'id' in one
const isNotification = (one: JSONRPCMessage): one is JSONRPCNotification => 'method' in one && !('id' in one)

/** What a client is answered. */
export type Response =
  | { readonly jsonrpc: '2.0'; readonly id: RequestId; readonly result: object }
  | { readonly jsonrpc: '2.0'; readonly id: RequestId | null; readonly error: RpcError }

interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: object
}

/** What the specification has a code for. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  constructor(
    readonly code: number,
    message: string,
    readonly data?: object,
  ) {
    super(message)
  }
}

export const invalidParams = (message: string) => new ProtocolError(ErrorCode.InvalidParams, message)

/** Of the range that JSON-RPC leaves to servers; `data.code` is the API's own. */
const refusedCode = -32000
/** @see https://modelcontextprotocol.io/specification/2025-11-25/server/resources#error-handling */
const resourceNotFound = -32002

export function failureOf(id: RequestId | null, error: unknown): Response {
  return {
    jsonrpc: '2.0',
    id,
    error: error instanceof ProtocolError ? told(error) : ofApi(asApiError(error)),
  }
}

const told = ({ code, message, data }: ProtocolError): RpcError => ({
  ...{ code, message },
  ...(data === undefined ? {} : { data }),
})

function ofApi({ code, message }: ApiError): RpcError {
  const data = { code }
  if (code === 'not_found' || code === 'file_not_found') return { code: resourceNotFound, message, data }
  if (code === 'invalid_request') return { code: ErrorCode.InvalidParams, message, data }
  if (code === 'internal') return { code: ErrorCode.InternalError, message, data }
  return { code: refusedCode, message, data }
}
