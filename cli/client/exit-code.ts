import { constants } from 'node:os'
import type { ClocheError, ExitStatus } from '../../sdk/index.js'

/** What `exec`, `run` and `shell` end with when Cloche itself, not the program, failed; as `env` and `timeout` do. */
export const notTheProgram = 125
/** The program's time was over; as `timeout` does. */
export const timeIsOver = 124

const byCode: Readonly<Record<string, number>> = {
  not_found: 3,
  file_not_found: 3,
  unauthenticated: 4,
  forbidden: 4,
  quota_exceeded: 5,
  rate_limited: 5,
  queue_full: 5,
  node_full: 5,
  disk_full: 5,
  connection_failed: 6,
  unexpected_answer: 6,
  runtime_unavailable: 6,
  database_unavailable: 6,
  port_unreachable: 6,
  port_timeout: 6,
}

/** The codes of `docs/reference/cli.md`. */
export function exitCodeOf(error: ClocheError): number {
  return byCode[error.code] ?? 1
}

/** A program's own code, or 128 and the signal's number, as shells say it. */
export function exitCodeOfProgram({ exitCode, signal }: ExitStatus): number {
  if (exitCode !== null) return exitCode
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1]
  return 128 + (number ?? 0)
}
