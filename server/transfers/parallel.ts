/** The first failure ends it, when those that are under way have ended. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items]
  let failed = false
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !failed; next = waiting.shift()) {
      try {
        await act(next)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, work))
  const bad = ended.find((one) => one.status === 'rejected')
  if (bad !== undefined) throw bad.reason
}
