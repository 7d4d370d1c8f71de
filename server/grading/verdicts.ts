import type {
  AssignmentTest,
  CaseResult,
  GradedPart,
  Output,
  StepResult,
  TestResult,
} from '../../protocol/api/index.js'
import type { Comparer } from '../compare/comparer.js'
import { sum } from './points.js'
import type { StoredResult } from './rows.js'

/** What is kept of what a program prints: its beginning. */
const keptOutput = 4096
/** Of the report of a judge. */
const keptParts = 200
const keptName = 200
const keptMessage = 2048

type Verdict = Pick<StoredResult, 'status' | 'message'>

/** How a test went, by what was observed from outside of the sandbox. What the program prints is compared, and never believed. */
export async function judged(
  test: AssignmentTest,
  result: CaseResult,
  comparer: Comparer,
): Promise<StoredResult> {
  const output = textOf(result.stdout)
  if (test.judge !== undefined) return byJudge(test, result, output)
  const verdict = await verdictOf(test, result, output, comparer)
  return {
    ...base(test),
    ...verdict,
    points: verdict.status === 'passed' ? test.points : 0,
    output: output.slice(0, keptOutput),
    wallMs: Math.round(result.wallUs / 1000),
  }
}

/** What a judge has decided. Its share of the points counts also when it says no. */
function byJudge(test: AssignmentTest, result: CaseResult, output: string): StoredResult {
  const { status, judge } = result
  const share = judge?.points ?? (status === 'ok' ? 1 : 0)
  return {
    ...base(test),
    ...{ status: judgedStatus(status), points: sum([test.points * share]) },
    message: judge?.message || judge?.report?.problem || result.message,
    output: output.slice(0, keptOutput),
    judgeOutput: judge === undefined ? null : textOf(judge.stderr).slice(0, keptOutput),
    parts: judge?.report?.tests.slice(0, keptParts).map(partOf) ?? null,
    wallMs: Math.round(result.wallUs / 1000),
  }
}

function judgedStatus(status: CaseResult['status']): StoredResult['status'] {
  if (status === 'ok') return 'passed'
  if (status === 'judge_error') return 'no_decision'
  if (status === 'time_limit' || status === 'cpu_limit') return 'time_limit'
  return status.endsWith('_limit') ? 'limit' : 'failed'
}

const partOf = ({ name, status, points, maxPoints, message }: TestResult): GradedPart => ({
  ...{ name: name.slice(0, keptName), passed: status === 'passed', skipped: status === 'skipped' },
  ...{ points, maxPoints, message: message?.slice(0, keptMessage) ?? null },
})

/** A test that was not run, for its setup failed. */
export const withoutSetup = (
  test: AssignmentTest,
  { name, message, stdout, stderr }: StepResult,
): StoredResult => ({
  ...base(test),
  ...{ status: 'setup_failed', points: 0, wallMs: 0 },
  message: `${name}: ${message ?? 'failed'}`,
  output: `${stdout.content}${stderr.content}`.slice(0, keptOutput),
})

const base = ({ id, name, points, visible }: AssignmentTest) => ({
  ...{ id, name, visible, maxPoints: points, parts: null, judgeOutput: null },
})

async function verdictOf(
  { expected, comparison }: AssignmentTest,
  { status, message, stdout }: CaseResult,
  output: string,
  comparer: Comparer,
): Promise<Verdict> {
  if (status === 'time_limit' || status === 'cpu_limit') return { status: 'time_limit', message }
  if (status !== 'ok') {
    const isLimit = status.endsWith('_limit')
    return { status: isLimit ? 'limit' : 'failed', message }
  }
  if (expected === undefined) return { status: 'passed', message: null }
  if (stdout.truncated) return { status: 'limit', message: 'printed more than is compared' }
  if (comparison === 'regex') {
    const isFound = await comparer.isFound(expected, output)
    if (isFound === undefined) {
      return { status: 'failed', message: 'the pattern is none, or takes more than a second on this output' }
    }
    return isFound ? passed : failed('the output does not match the pattern')
  }
  if (comparison === 'included') {
    return output.includes(lines(expected)) ? passed : failed('the output does not contain what is expected')
  }
  return output.trimEnd() === lines(expected).trimEnd() ? passed : failed('another output was expected')
}

const passed: Verdict = { status: 'passed', message: null }
const failed = (message: string): Verdict => ({ status: 'failed', message })

const lines = (text: string) => text.replaceAll('\r\n', '\n')

function textOf({ encoding, content }: Output): string {
  const text = encoding === 'utf8' ? content : Buffer.from(content, 'base64').toString()
  return lines(text)
}
