import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type ErrorCode, type Problem, statusOf } from '../../protocol/api/index.js'
import { databaseUnavailable, isDatabaseUnavailable, isGoneMeanwhile } from '../database/unavailable.js'
import { ApiError } from '../errors.js'
import { languageOf } from './language.js'
import { type Language, languageTags, problemTitles } from './problem-titles.js'

/** A body with thousands of mistakes is told of the first of them only. */
const mostErrors = 20

/** Fastify's own refusals, by their code. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_BAD_URL: 'invalid_request',
}

const messages: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'the request body is not valid JSON',
  FST_ERR_CTP_BODY_TOO_LARGE: 'the request body is larger than this endpoint accepts',
}

/**
 * What is too large, but not larger than this, is read to its end and dropped: hanging up in the middle of a
 * body, as Fastify would, lets many clients see a broken line instead of the answer.
 */
const swallowedBytes = 256 * 1024 * 1024

/** Answers an error as RFC 9457 wants it. The only place where errors become HTTP. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = asApiError(error)
  if (refusal.code === 'internal') request.log.error({ err: error }, 'a request failed')
  else if (isGoneMeanwhile(error))
    request.log.warn({ err: error }, 'what a request was about was deleted meanwhile')
  if (refusal.code === 'payload_too_large' && Number(request.headers['content-length']) <= swallowedBytes) {
    reply.removeHeader('connection')
  }
  if (refusal.retryAfterSeconds !== undefined)
    reply.header('retry-after', Math.ceil(refusal.retryAfterSeconds))
  if (refusal.code === 'range_not_satisfiable') reply.header('content-range', `bytes */${refusal.sizeBytes}`)
  const language = languageOf(request.headers)
  return reply
    .code(refusal.status)
    .header('content-language', languageTags[language])
    .header('vary', alsoBy('Accept-Language', reply.getHeader('vary')))
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(refusal, error, language))
}

/** The same for what has no reply, such as a socket. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof z.ZodError)
    return new ApiError('invalid_request', z.prettifyError(new z.ZodError(error.issues.slice(0, mostErrors))))
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation
    const where = fieldOf(first?.instancePath ?? '') || 'the request'
    return new ApiError('invalid_request', `${where}: ${first?.message ?? 'is invalid'}`)
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const code = fastifyCodes[error.code]
    if (code !== undefined) return new ApiError(code, messages[error.code] ?? error.message)
  }
  if (isDatabaseUnavailable(error)) return databaseUnavailable()
  if (isGoneMeanwhile(error)) return goneMeanwhile()
  if (isFastifyError(error) && error.statusCode !== undefined && error.statusCode < 500) {
    return new ApiError('invalid_request', error.message)
  }
  return new ApiError('internal', 'internal error; the server log has the details')
}

/** It was there when the call began; which of the things that it is about is gone, the caller sees by looking. */
const goneMeanwhile = () =>
  new ApiError(
    'conflict',
    'something that this call is about was deleted at this moment; look at what there is now',
  )

/** Such as `limits.memoryMiB` for the JSON pointer `/limits/memoryMiB`. */
const fieldOf = (pointer: string) => pointer.split('/').slice(1).join('.')

/** The header `Vary` with one more name. */
const alsoBy = (name: string, before: number | string | readonly string[] | undefined): string =>
  before === undefined ? name : `${before}, ${name}`

/** An error as RFC 9457 wants it, for what Fastify does not answer. */
export const problemFor = (error: ApiError, language: Language): Problem => problemOf(error, error, language)

function problemOf(refusal: ApiError, error: unknown, language: Language): Problem {
  const { code, message } = refusal
  const errors = hasZodFastifySchemaValidationErrors(error)
    ? error.validation
        .slice(0, mostErrors)
        .map((one) => ({ path: one.instancePath, message: one.message ?? '' }))
    : undefined
  return {
    type: `urn:cloche:problem:${code}`,
    ...{ title: problemTitles[language][code], status: statusOf[code], code, detail: message },
    ...(errors === undefined ? {} : { errors }),
    ...(refusal.existingId === undefined ? {} : { existingId: refusal.existingId }),
    ...(refusal.sizeBytes === undefined ? {} : { sizeBytes: refusal.sizeBytes }),
    ...(refusal.submissions === undefined ? {} : { submissions: refusal.submissions }),
  }
}

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && 'statusCode' in error
