import { z } from 'zod'
import { isAttended } from './attended'
import { reportAnswer, reportNoAnswer } from './connection'
import { type ErrorCode, type Problem, problem } from './protocol'
import { TextError } from './text-error'

/** The API said no. `problem.detail` is written for the person who asked. */
export class ApiError extends Error {
  readonly status: number
  readonly code: ErrorCode
  /** One entry for each field that is wrong, by its path: `limits.memoryMiB`. */
  readonly fields: ReadonlyMap<string, string>
  /** How many hand-ins would be deleted as well; undefined where nothing is in the way. */
  readonly submissions: number | undefined

  constructor(refusal: Problem) {
    super(refusal.detail || refusal.title)
    this.name = 'ApiError'
    this.status = refusal.status
    this.code = refusal.code
    this.submissions = refusal.submissions
    this.fields = new Map((refusal.errors ?? []).map((entry) => [fieldOf(entry.path), entry.message]))
  }
}

/** The API names fields by JSON pointers: `/limits/memoryMiB`. */
const fieldOf = (pointer: string) => pointer.replace(/^\//, '').replaceAll('/', '.')

/** No answer: the line is down. */
export class Unreachable extends TextError {
  constructor(cause?: unknown) {
    super('common.unreachable', {}, { cause })
    this.name = 'Unreachable'
  }
}

/** An answer that the API would not give: something in between answered, or Cloche is newer than this page. */
export class NotUnderstood extends TextError {
  constructor(cause: unknown) {
    super('common.notUnderstood', {}, { cause })
    this.name = 'NotUnderstood'
  }
}

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Sent as JSON. Everything that changes something sends JSON, `{}` at least: the server wants the type. */
  readonly body?: object
}

const nothing = z.unknown()
/** The longest that a page waits for something to show. */
const readTimeoutMs = 30_000

/**
 * One call of `/api/v1`, parsed by the contract's own schema.
 *
 * @throws ApiError when the API refuses, Unreachable when there is no answer, NotUnderstood
 */
export function call<T>(schema: z.ZodType<T>, path: string, request: Request = {}): Promise<T> {
  return read(schema, `/api/v1${path}`, request)
}

/** The same for an address outside `/api/v1`. */
export async function read<T>(schema: z.ZodType<T>, url: string, request: Request = {}): Promise<T> {
  const response = await send(url, request)
  if (!response.ok) throw await refusal(response)
  const answer = response.status === 204 ? undefined : await response.json().catch(() => null)
  // One that took long began as a success: a status cannot be taken back.
  const late = problem.safeParse(answer)
  if (late.success) throw new ApiError(late.data)
  const parsed = schema.safeParse(answer)
  if (!parsed.success) throw new NotUnderstood(parsed.error)
  return parsed.data
}

/** A call whose answer nobody reads. */
export async function order(path: string, request: Request): Promise<void> {
  await call(nothing, path, request)
}

/** In better-auth's form, or in the API's for what is refused before better-auth sees it. */
const authRefusal = z.union([
  z.object({ message: z.string().min(1) }),
  z.object({ detail: z.string().min(1) }).transform(({ detail }) => ({ message: detail })),
])

/**
 * One call of better-auth, such as `/sign-in/email`.
 *
 * @throws ApiError with better-auth's own message, TextError, Unreachable
 */
export async function auth(path: string, body: object): Promise<void> {
  const response = await send(`/api/auth${path}`, { method: 'POST', body })
  if (response.ok) return
  const said = authRefusal.safeParse(await response.json().catch(() => null))
  if (response.status === 429) throw new TextError('common.tooManyAttempts')
  if (!said.success) throw new TextError('common.serverStatus', { status: String(response.status) })
  throw new ApiError({
    type: 'about:blank',
    title: 'Refused',
    status: response.status,
    code: 'unauthenticated',
    detail: said.data.message,
  })
}

async function send(url: string, { method = 'GET', body }: Request): Promise<Response> {
  const headers = {
    accept: 'application/json, application/problem+json',
    'accept-language': document.documentElement.lang,
  }
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (method !== 'GET') {
    init.headers = { ...headers, 'content-type': 'application/json' }
    init.body = JSON.stringify(body ?? {})
  }
  // A line that swallows packets never fails by itself. What changes something may take its time.
  if (method === 'GET') init.signal = AbortSignal.timeout(readTimeoutMs)
  return exchange(url, init)
}

/**
 * One call of `/api/v1` whose body or answer is bytes: those of a file.
 *
 * @throws ApiError, Unreachable, NotUnderstood
 */
export async function transfer(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await exchange(`/api/v1${path}`, { credentials: 'same-origin', ...init })
  // 304 is what a condition asks for.
  if (!response.ok && response.status !== 304) throw await refusal(response)
  return response
}

async function exchange(url: string, init: RequestInit): Promise<Response> {
  // What a page asks again and again with nobody at it must not keep a sandbox awake. What is sent is somebody's.
  const headers = new Headers(init.headers)
  if (init.method !== 'PUT' && !isAttended()) headers.set('cloche-unattended', 'true')
  const response = await fetch(url, { ...init, headers }).catch((cause: unknown) => {
    reportNoAnswer()
    throw new Unreachable(cause)
  })
  if (isProxyError(response)) {
    reportNoAnswer()
    throw new Unreachable(`status ${response.status}`)
  }
  reportAnswer()
  return response
}

/** A reverse proxy answers for a server that does not: the API's own errors are JSON. */
function isProxyError({ status, headers }: Response): boolean {
  return [502, 503, 504].includes(status) && !/json/.test(headers.get('content-type') ?? '')
}

async function refusal(response: Response): Promise<Error> {
  return refusalOf(response.status, await response.json().catch(() => null))
}

/** The error that an answer is which is no success. */
export function refusalOf(status: number, body: unknown): Error {
  const parsed = problem.safeParse(body)
  return parsed.success ? new ApiError(parsed.data) : new NotUnderstood(`status ${status}`)
}
