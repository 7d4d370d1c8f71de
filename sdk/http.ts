import { ClocheError, ConnectionFailed, errorIn, lateError } from './errors.js'

/** What a call sends: text or bytes, or a stream of bytes where the platform's `fetch` can send one. */
export type Content = string | Uint8Array | Blob | ReadableStream<Uint8Array>

/** One call of the API. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly json?: unknown
  readonly body?: Content
  readonly headers?: Readonly<Record<string, string>>
  /** Makes it safe to send a call again that creates something. */
  readonly idempotencyKey?: string
  /** Not tried again: a second try would find what the first one has written. */
  readonly once?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A call that is safe to repeat is tried this often, when no answer came or the server asks to come back. */
const tries = 3
const firstWaitMs = 200
/** A server that wants a longer pause than this is for the caller to wait for. */
const longestWaitMs = 5000

/** Speaks HTTP with one server, as one caller. */
export class Http {
  /** @param origin with the path below which the server is, if any, and no slash at the end */
  constructor(
    readonly origin: string,
    readonly apiKey: string | undefined,
    private readonly fetch: typeof globalThis.fetch,
  ) {}

  /** @throws ClocheError */
  async json<T>(call: Call): Promise<T> {
    const headers = { accept: 'application/json, application/problem+json', ...call.headers }
    const response = await this.send({ ...call, headers })
    const answer: T = await response.json().catch((error: unknown) => {
      if (error instanceof SyntaxError || call.signal?.aborted) throw error
      throw new ConnectionFailed(`${this.origin} went away while it answered: ${reasonOf(error)}`, error)
    })
    const late = lateError(answer)
    if (late !== undefined) throw late
    return answer
  }

  /** For calls whose answer has nothing in it. @throws ClocheError */
  async done(call: Call): Promise<void> {
    await (await this.send(call)).body?.cancel()
  }

  /** A successful answer, of which nothing was read yet. @throws ClocheError */
  async send(call: Call): Promise<Response> {
    const repeatable =
      call.method === 'GET' ||
      call.idempotencyKey !== undefined ||
      (call.method === 'PUT' && !(call.body instanceof ReadableStream) && !call.once)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(call)
      } catch (error) {
        const waitMs = retryDelayMs(error, attempt)
        if (!repeatable || attempt === tries || waitMs === undefined) throw error
        await pause(waitMs, call.signal)
      }
    }
  }

  async #once(call: Call): Promise<Response> {
    const url = new URL(`${this.origin}/api/v1${call.path}`)
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const { body, headers } = bodyOf(call)
    const init = {
      method: call.method,
      headers: {
        ...headers,
        ...(this.apiKey === undefined ? {} : { authorization: `Bearer ${this.apiKey}` }),
        ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
        ...call.headers,
      },
      ...(body === undefined ? {} : { body }),
      // `fetch` demands it for streams, and says so nowhere in its types.
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }
    const response = await this.fetch(url, init).catch((error: unknown) => {
      if (call.signal?.aborted) throw error
      throw new ConnectionFailed(`${this.origin} cannot be reached: ${reasonOf(error)}`, error)
    })
    if (response.ok) return response
    throw await errorIn(response)
  }
}

function bodyOf({ json, body }: Call): {
  body?: string | Blob | Uint8Array<ArrayBuffer> | ReadableStream
  headers: Readonly<Record<string, string>>
} {
  if (json !== undefined)
    return { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }
  if (body === undefined) return { headers: {} }
  const headers = { 'content-type': 'application/octet-stream' }
  return { body: body instanceof Uint8Array ? unshared(body) : body, headers }
}

/** The same bytes; a copy only of what other threads could write to, which `fetch` does not take. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
}

/** Undefined when another try would not help. */
function retryDelayMs(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof ClocheError)) return undefined
  if (!(error instanceof ConnectionFailed) && ![429, 502, 503, 504].includes(error.status ?? 0))
    return undefined
  const askedMs = (error.retryAfterSeconds ?? 0) * 1000
  return askedMs > longestWaitMs ? undefined : Math.max(askedMs, firstWaitMs * 2 ** (attempt - 1))
}

/** Node's `fetch` says only `fetch failed`; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof AggregateError && cause.message === '') return reasonOf(cause.errors[0])
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}

/** @throws the signal's reason when it is aborted meanwhile */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** All items of a list, page after page as they are asked for. */
export async function* pages<T>(
  http: Http,
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>> = {},
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined
  do {
    const page: { items: T[]; nextCursor: string | null } = await http.json({
      ...{ method: 'GET', path, query: { ...query, cursor } },
    })
    yield* page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}
