import type { ExitStatus } from '../../protocol/api/index.js'

/**
 * A program that was killed at its deadline and is not dead after this is in a sandbox that is paused: it is told as ended,
 * and dies when it thaws.
 */
export const frozenMs = 1000

/**
 * Resolves when a program has ended, at the latest soon after its deadline.
 * @param exit of the program
 * @param timeoutMs undefined: it has no deadline
 * @param kill is called at the deadline
 */
export async function endBy(
  exit: Promise<ExitStatus>,
  timeoutMs: number | undefined,
  kill: () => void,
): Promise<ExitStatus> {
  if (timeoutMs === undefined) return exit
  let timer: NodeJS.Timeout | undefined
  const frozen = new Promise<ExitStatus>((resolve) => {
    timer = setTimeout(() => {
      kill()
      timer = setTimeout(() => resolve({ exitCode: null, signal: 'SIGKILL' }), frozenMs)
    }, timeoutMs)
  })
  try {
    return await Promise.race([exit, frozen])
  } finally {
    clearTimeout(timer)
  }
}
