import type { StepResult, StepStatus, TestReport } from '../../protocol/api/index.js'
import type { Conversation } from './conversation.js'
import type { Said } from './judge-files.js'

/** What a judge came to. */
export interface Verdict {
  readonly status: 'ok' | 'wrong_answer' | 'judge_error'
  /** What is wrong with the judge. */
  readonly problem: string | null
  /** The share that it gives, 0 to 1; undefined when it says nothing about points. */
  readonly points: number | undefined
}

const decimal = /^(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i

/** Reads the decision out of how a judge ended and what it wrote. Everything that is not understood is an error. */
export function verdictOf(
  { status, exitCode, message }: Pick<StepResult, 'status' | 'exitCode' | 'message'>,
  said: Said,
  report: TestReport | undefined,
): Verdict {
  const decided = status === 'ok' || (status === 'runtime_error' && exitCode === 1)
  if (!decided) return failed(`the judge failed: ${message ?? status}`)
  if (said.problem !== null) return failed(`the judge failed: ${said.problem}`)
  if (report !== undefined && report.problem !== null) {
    return failed(`the report of the judge cannot be read: ${report.problem}`)
  }
  const share = report === undefined ? undefined : shareOf(report)
  if (share === 'unknown') return failed('the report of the judge has a score and no maximum')
  const given = said.points === null ? undefined : pointsOf(said.points)
  if (given === 'invalid') {
    const shown = JSON.stringify(said.points)
    return failed(`the judge wrote ${shown} as points; they must be a number from 0 to 1`)
  }
  const right = status === 'ok' && (report === undefined || report.passed === report.total)
  return { status: right ? 'ok' : 'wrong_answer', problem: null, points: given ?? share }
}

const failed = (problem: string): Verdict => ({ status: 'judge_error', problem, points: undefined })

function pointsOf(text: string): number | 'invalid' {
  const points = decimal.test(text) ? Number(text) : Number.NaN
  return points >= 0 && points <= 1 ? points : 'invalid'
}

/** By points where the report has some, else by the number of tests. Where all were skipped there is none. */
function shareOf({ points, maxPoints, passed, total }: TestReport): number | 'unknown' | undefined {
  if (points !== null && maxPoints === null) return 'unknown'
  if (points !== null && maxPoints !== null && maxPoints > 0) return points / maxPoints
  return total === 0 ? undefined : passed / total
}

/**
 * What is said of a program and its interactive judge together. Who was not waiting when the time was over is at fault; a
 * program that failed before its judge had decided has failed; in all other cases the judge decides.
 *
 * @param program its own result
 * @param limit the time limit that was passed, in words
 */
export function statusTogether(
  program: Pick<StepResult, 'status' | 'message'>,
  { first, stuck }: Pick<Conversation, 'first' | 'stuck'>,
  verdict: Verdict,
  limit: string,
): [StepStatus, string | null] {
  if (stuck?.of === 'program') return ['time_limit', `stopped at the ${limit} time limit: ${stuck.why}`]
  if (stuck?.of === 'judge') {
    return ['judge_error', `stopped at the ${limit} time limit while it was the judge's turn: ${stuck.why}`]
  }
  if (first === 'program' && program.status !== 'ok') return [program.status, program.message]
  return [verdict.status, verdict.problem]
}
