import type { Dispatcher } from 'undici'
import type { Answer } from './answer.js'
import { type Call, exchange } from './exchange.js'
import { RuntimeUnreachable } from './refusal.js'

/** Calls that may be made twice: what they ask for is a state, not a deed. */
const idempotent = new Set(['GET', 'PUT', 'PATCH', 'DELETE'])

/**
 * Makes a call that is answered in one piece. Where the connection was lost, as to a runtime that was started anew, it
 * is made once more if that does no harm.
 * @throws RuntimeUnreachable
 */
export async function call(pool: Dispatcher, wanted: Call): Promise<Answer> {
  try {
    return await exchange(pool, wanted, { whole })
  } catch (error) {
    if (!(error instanceof RuntimeUnreachable)) throw error
    if (!(error.lost && idempotent.has(wanted.method))) throw error
  }
  try {
    return await exchange(pool, wanted, { whole })
  } catch (error) {
    // The first time it may have been heard, whatever became of the second.
    throw error instanceof RuntimeUnreachable ? error.afterAll() : error
  }
}

const whole = (answer: Answer) => answer
