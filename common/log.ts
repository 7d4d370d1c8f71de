import { writeSync } from 'node:fs'
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** How far a chain of causes is followed: an error may be its own cause. */
const maxDepth = 8

/** An error as a log shows it. */
export interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/**
 * What a log shows of an error: type, message, code, stack, and the same of its causes. Nothing else: further
 * properties of an error (PostgreSQL's `detail`, Prisma's `meta`) hold values that people sent.
 *
 * @returns `value` itself when it is no error: what was thrown may be anything
 */
export function describeError(value: unknown, depth = 0): unknown {
  if (!(value instanceof Error)) return value
  if (depth > maxDepth) return value.message
  const described: LoggedError = {
    type: value.name,
    message: value.message,
    ...('code' in value && value.code !== undefined ? { code: String(value.code) } : {}),
    ...(value.stack === undefined ? {} : { stack: value.stack }),
    ...(value.cause === undefined ? {} : { cause: describeError(value.cause, depth + 1) }),
    ...(value instanceof AggregateError
      ? { errors: value.errors.map((one) => describeError(one, depth + 1)) }
      : {}),
  }
  return described
}

/**
 * The log of a process, as JSON lines on stdout: the only place where a logger is made. An error is shown whole
 * whatever the name of its key: pino itself does so for `err` only, and prints `{}` for every other.
 *
 * Of a request only the path is shown: query, headers and body may hold secrets.
 *
 * @param destination another stream than stdout
 */
export function createLog(name: string, level: string, destination: DestinationStream = stdout()): Logger {
  return pino(
    {
      name,
      level,
      formatters: {
        log: (fields) =>
          Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, describeError(value)])),
      },
      serializers: {
        // Pino's own one for `err` would add every further property.
        err: (error: unknown) => describeError(error),
        req: (request: { method: string; url: string }) => ({
          method: request.method,
          path: request.url.split('?')[0],
        }),
      },
    },
    destination,
  )
}

/**
 * Writes each line at once, so that the last words before an end are there. Where it cannot be written, on a full
 * disk or because the reader is gone, the line is lost: a log ends no process, and keeps nothing in memory.
 */
function stdout(): DestinationStream {
  return {
    write: (line) => {
      try {
        writeAll(1, Buffer.from(line))
      } catch {
        // As said: it is lost.
      }
    },
  }
}

/** A reader that is slower than this loses lines. */
const maxRetries = 50
const retryMs = 2

function writeAll(fd: number, bytes: Buffer): void {
  let written = 0
  for (let retries = 0; written < bytes.length; ) {
    try {
      written += writeSync(fd, bytes, written)
    } catch (error) {
      // A pipe that somebody has made non-blocking is full.
      const full = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
      if (!full || ++retries > maxRetries) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    }
  }
}
