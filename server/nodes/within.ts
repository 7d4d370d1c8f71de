import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What comes within `ms`; undefined when it takes longer, and then nobody hears how it ends.
 * @throws what `coming` throws by then
 */
export async function within<T>(ms: number, coming: Promise<T>): Promise<T | undefined> {
  const late = new AbortController()
  const patience = sleep(ms, undefined, { signal: late.signal }).catch(() => {}) // not needed any more
  try {
    return (await Promise.race([coming, patience])) ?? undefined
  } finally {
    late.abort()
  }
}
