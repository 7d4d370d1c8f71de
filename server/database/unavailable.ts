import { z } from 'zod'
import { ApiError } from '../errors.js'

/** Soon enough for a restart of PostgreSQL, which takes a second or two. */
const retryAfterSeconds = 5
/** How deep errors are looked into: an error may be its own cause. */
const maxDepth = 6

/**
 * SQLSTATE classes that say that the database cannot answer now, rather than that it will not: 08 connections, 53
 * resources (also a full disk), 57 intervention (57P01 it stops, 57P03 it starts). And what was rolled back for no fault of its
 * own: 25P03 and 25P04 a transaction that took too long (a change of a sandbox waits for its node in one), 40001 and 40P01 one
 * that met another.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const passingState = /^((08|53|57)[0-9A-Z]{3}|25P0[34]|40001|40P01)$/
/** Prisma's codes for the same. P2024 and P2037: no connection is free. P2028: a transaction took too long. P2034: it met another. */
const passingPrisma = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2034',
  'P2037',
])
const passingSystem = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
])
/** node-postgres gives these no code. */
const passingWords =
  /^(Connection terminated|Connection ended unexpectedly|timeout (exceeded|expired) when trying to connect|timeout expired|Client has encountered a connection error|Query read timeout)/

const parts = z.looseObject({
  code: z.unknown().optional(),
  errorCode: z.unknown().optional(),
  originalCode: z.unknown().optional(),
  syscall: z.unknown().optional(),
  message: z.unknown().optional(),
})

/**
 * Whether an error of the database's clients says that there is no database to talk to now: what it says itself
 * (`DatabaseError` of node-postgres), what the system says of its socket, or either inside what Prisma makes of it.
 */
export const isDatabaseUnavailable = (error: unknown): boolean =>
  within(error).some(({ codes, syscall, message, isError }) => {
    if (codes.some((one) => passingState.test(one) || passingPrisma.has(one) || passingSystem.has(one)))
      return true
    // A unix socket that is not there; any other file that is not there is a mistake of ours.
    if (codes.includes('ENOENT') && syscall === 'connect') return true
    return isError && typeof message === 'string' && passingWords.test(message)
  })

/** 23503: a foreign key. P2003: the same. P2025: a row that is to be changed is not there. */
const goneCodes: ReadonlySet<string> = new Set(['23503', 'P2003', 'P2025'])

/** Whether a statement failed because a row that it needs was deleted meanwhile. */
export const isGoneMeanwhile = (error: unknown): boolean =>
  within(error).some(({ codes }) => codes.some((one) => goneCodes.has(one)))

/** What is answered while there is no database. */
export const databaseUnavailable = (): ApiError =>
  new ApiError(
    'database_unavailable',
    'the database cannot be reached; try again in a moment',
    retryAfterSeconds,
  )

/**
 * For errors that say nothing, such as those of better-auth, which hides what it has met.
 * @throws ApiError `database_unavailable` when the database does not answer now
 */
export async function requireDatabase(pool: { query(text: string): Promise<unknown> }): Promise<void> {
  try {
    await pool.query('SELECT 1')
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw databaseUnavailable()
    throw error
  }
}

interface Said {
  readonly codes: readonly string[]
  readonly syscall: unknown
  readonly message: unknown
  readonly isError: boolean
}

/** What an error says, and what those say that it was made of. */
function within(error: unknown, depth = 0): Said[] {
  if (depth > maxDepth || typeof error !== 'object' || error === null || error instanceof ApiError) return []
  const { code, errorCode, originalCode, syscall, message } = parts.parse({ ...error, ...own(error) })
  const codes = [code, errorCode, originalCode].filter((one) => typeof one === 'string')
  const said = { codes, syscall, message, isError: error instanceof Error }
  return [said, ...inside(error).flatMap((one) => within(one, depth + 1))]
}

/** An error's message and code are often not enumerable. */
function own(error: object): object {
  return Object.fromEntries(
    ['code', 'errorCode', 'originalCode', 'syscall', 'message'].flatMap((name) =>
      name in error ? [[name, Reflect.get(error, name)]] : [],
    ),
  )
}

function inside(error: object): unknown[] {
  const errors = error instanceof AggregateError ? error.errors : []
  const meta: unknown = 'meta' in error ? error.meta : undefined
  const driver =
    typeof meta === 'object' && meta !== null && 'driverAdapterError' in meta
      ? meta.driverAdapterError
      : undefined
  return ['cause' in error ? error.cause : undefined, driver, ...errors]
}
