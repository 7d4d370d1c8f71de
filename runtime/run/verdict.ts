import type { StepLimits, StepResult, StepStatus } from '../../protocol/api/index.js'
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
export function policy(outcome: Outcome, at: Circumstances): StepResult {
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
  if (outcome.passed === 'canceled') return ['internal_error', 'the run was canceled']
  // It was ended by us after the decision about it.
  if (outcome.passed === 'released') return ['ok', null]
  if (outcome.passed === 'wall') return ['time_limit', `stopped at the ${seconds(limits.wallMs)} time limit`]
  if (outcome.passed === 'cpu') {
    return ['cpu_limit', `stopped at the limit of ${seconds(limits.cpuMs)} CPU time`]
  }
  if (outcome.passed === 'output') {
    return ['output_limit', `stopped at the output limit of ${limits.outputBytes} bytes`]
  }
  if (outcome.oomKills > 0) return ['memory_limit', `stopped at the memory limit of ${limits.memoryMiB} MiB`]
  if (outcome.refusedForks > 0) {
    return ['process_limit', `reached the limit of ${limits.pids} processes and threads`]
  }
  if (at.diskFull) return ['disk_limit', 'the disk of the run is full']
  if (exitCode === 0) return ['ok', null]
  if (at.compile) return ['compile_error', null]
  if (signal !== null) return ['signaled', `terminated by ${signal}`]
  return ['runtime_error', `exited with code ${exitCode}`]
}

/** `10 s`, `0.5 s`. */
export const seconds = (ms: number) => `${ms / 1000} s`
