import { setTimeout as sleep } from 'node:timers/promises'

/** Somebody in front of a terminal. */
export interface Typist {
  type(text: string): void
  /** Resolves with the time in milliseconds until `text` has come from the terminal since the last call. */
  sees(text: string, withinMs?: number): Promise<number>
}

/** A keystroke that is not answered in this time has no echo. */
const lostMs = 20_000
/** About ten keystrokes a second, and their removal: somebody who types fast. */
const restMs = 12

/** How long a typist waited for what they typed, in milliseconds. */
export interface Echo {
  readonly keystrokes: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
}

/** Types at a shell's prompt, and deletes it again, while `act` goes on; at least `least` keystrokes. */
export async function echoDuring<T>(
  typist: Typist,
  act: () => Promise<T>,
  least = 100,
): Promise<{ echo: Echo; result: T }> {
  let over = false
  const acting = act().finally(() => {
    over = true
  })
  // It is thrown below; until then somebody has to have taken it.
  acting.catch(() => {})
  const waited: number[] = []
  while (!over || waited.length < least) {
    for (const [key, answer] of [
      ['x', 'x'],
      ['\x7f', '\b'],
    ] as const) {
      typist.type(key)
      waited.push(await typist.sees(answer, lostMs))
      await sleep(restMs)
    }
  }
  waited.sort((one, other) => one - other)
  const at = (share: number) => waited[Math.min(waited.length - 1, Math.floor(waited.length * share))] ?? 0
  const echo = { keystrokes: waited.length, p50: at(0.5), p99: at(0.99), longest: at(1) }
  return { echo, result: await acting }
}
