import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'

/**
 * Runs `act` again and again, `everyMs` after it ended the last time, until disposed of. A failure is logged and
 * the next turn tries again.
 */
export function repeat(
  name: string,
  everyMs: number,
  log: Logger,
  act: () => Promise<void>,
): AsyncDisposable {
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      try {
        await act()
      } catch (error) {
        log.warn({ err: error }, `${name} did not succeed and is tried again`)
      }
      await sleep(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => {}) // aborted: the end
    }
  })()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await loop
    },
  }
}
