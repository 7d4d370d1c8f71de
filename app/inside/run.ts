import { call } from '../lib/api'
import { type ExecResult, execResult } from '../lib/protocol'

export interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly timeoutMs?: number
}

/** Runs a program of a sandbox as its user, and answers when it has ended. */
export type Run = (command: readonly string[], options?: Options) => Promise<ExecResult>

/** @throws ApiError as the API refuses, Unreachable; that a program fails is an answer like any other */
export const runIn =
  (sandboxId: string): Run =>
  (command, options = {}) =>
    call(execResult, `/sandboxes/${sandboxId}/exec`, { method: 'POST', body: { command, ...options } })
