import type { PathHandle } from './root.js'

/** The last one to wait for each name; those that nobody waits for are not kept. */
const tails = new Map<string, Promise<unknown>>()

/** A name in a directory, however a caller came to it. */
export function lockKey(directory: PathHandle, name: string | Buffer): string {
  const { dev, ino } = directory.exactStat()
  return `${dev}:${ino}:${Buffer.from(name).toString('latin1')}`
}

/**
 * Runs `act` alone among the callers of the API that change these names, so that nothing comes between what it checks
 * and what it does. Programs inside know nothing of it.
 */
export async function withLock<T>(keys: readonly string[], act: () => Promise<T>): Promise<T> {
  // In one order for everybody: two that each hold what the other waits for would wait for ever.
  const [first, ...rest] = [...new Set(keys)].sort()
  if (first === undefined) return act()
  const before = tails.get(first)
  let leave = () => {}
  const turn = new Promise<void>((resolve) => {
    leave = resolve
  })
  tails.set(first, turn)
  await before
  try {
    return await withLock(rest, act)
  } finally {
    if (tails.get(first) === turn) tails.delete(first)
    leave()
  }
}
