import type { StepLimits, StepResult, StepStatus } from '../../protocol/index.js'
import type { Outcome } from './program.js'

/** What a program that ended by itself is judged by. */
export interface Circumstances {
  readonly name: string
  readonly limits: StepLimits
  /** A failure is a compile error. */
  readonly compile: boolean
  /** It ended with its disk full. */
  readonly diskFull: boolean
  /** Bytes of output that the answer may hold. */
  readonly room: number
}

/** An outcome in words. A limit that was passed is always named, whatever the exit code says. */
export function judge(outcome: Outcome, at: Circumstances): StepResult {
  const [status, message] = statusOf(outcome, at)
  return {
    ...{ name: at.name, status, message },
    ...outcome.exit,
    stdout: outcome.stdout.output(at.room),
    stderr: outcome.stderr.output(at.room - outcome.stdout.kept),
    ...{ wallUs: outcome.wallUs, cpuUs: outcome.cpuUs, memoryPeakBytes: outcome.memoryPeakBytes },
    leftProcesses: outcome.leftProcesses,
  }
}

function statusOf(outcome: Outcome, at: Circumstances): [StepStatus, string | null] {
  const { limits } = at
  const { exitCode, signal } = outcome.exit
  if (outcome.passed === 'canceled') return ['internal_error', 'it was canceled']
  if (outcome.passed === 'wall') return ['time_limit', `it ran for more than ${limits.wallMs} ms`]
  if (outcome.passed === 'cpu') {
    return ['cpu_limit', `it used more than ${limits.cpuMs} ms of processor time`]
  }
  if (outcome.passed === 'output') {
    return ['output_limit', `it printed more than ${limits.outputBytes} bytes`]
  }
  if (outcome.oomKills > 0) return ['memory_limit', `it needed more than ${limits.memoryMiB} MiB of memory`]
  if (outcome.refusedForks > 0) {
    return ['process_limit', `it wanted more than ${limits.pids} processes or threads at once`]
  }
  if (at.diskFull) return ['disk_limit', 'its disk is full']
  if (exitCode === 0) return ['ok', null]
  if (at.compile) return ['compile_error', null]
  if (signal !== null) return ['signaled', `it was ended by ${signal}`]
  return ['runtime_error', `it ended with exit code ${exitCode}`]
}
