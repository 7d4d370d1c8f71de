const stepsMs = [500, 1000, 2000, 4000, 8000, 15_000] as const

/** How long to wait before try number `attempt` (from 0), a little random so that a class does not come back as one. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const base = stepsMs[Math.min(attempt, stepsMs.length - 1)] ?? 15_000
  return Math.round(base * (0.8 + 0.4 * random()))
}
