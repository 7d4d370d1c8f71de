import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, Refused } from './api.js'

/** After a call that failed, and for how long all of them may: a server that is upgraded is away for seconds. */
const againMs = 1000
const patienceMs = 120_000

/**
 * Holds a session at the server, which cuts this off at once when the access behind it ends.
 * @param signal the connection has ended
 * @returns why the connection must end; undefined when `signal` says so
 */
export async function holdSession(api: Api, signal: AbortSignal): Promise<string | undefined> {
  let goodAt = performance.now()
  while (!signal.aborted) {
    try {
      await api.done({ method: 'POST', path: '/ssh/session/hold', signal })
      goodAt = performance.now()
    } catch (error) {
      if (signal.aborted) return undefined
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return error.message
      if (performance.now() - goodAt > patienceMs) return 'the server does not answer'
      await sleep(againMs, undefined, { signal }).catch(() => {}) // the loop sees that it has ended
    }
  }
  return undefined
}
