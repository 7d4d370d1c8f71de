import type { Logger } from './log.js'

/** How often the same failure of a repeated task is logged: the first time, then once in so many turns. */
const logEvery = 100

/**
 * Runs `act` every `ms` milliseconds until disposed of. What it throws, or its promise rejects with, is logged and
 * never ends the process: the next turn tries again. Turns of an asynchronous `act` do not overlap.
 *
 * The timer does not keep the process alive.
 *
 * @param name what the log says has failed
 */
export function every(ms: number, name: string, log: Logger, act: () => unknown): Disposable {
  let busy = false
  let failures = 0
  const turn = async () => {
    if (busy) return
    busy = true
    try {
      await act()
      failures = 0
    } catch (error) {
      if (failures++ % logEvery === 0) log.error({ error, failures }, `${name} failed and is tried again`)
    } finally {
      busy = false
    }
  }
  const timer = setInterval(() => void turn(), ms)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
