import type { AssignmentTest, CaseResult, StepResult } from '../../protocol/api/index.js'
import type { Comparer } from '../compare/comparer.js'
import type { StoredResult } from './rows.js'

/** What is kept of what a program prints: its beginning. */
const keptOutput = 4096

type Verdict = Pick<StoredResult, 'status' | 'message'>

/** How a test went, by what was observed from outside of the sandbox. What the program prints is compared, and never believed. */
export async function judged(
  test: AssignmentTest,
  result: CaseResult,
  comparer: Comparer,
): Promise<StoredResult> {
  const output = textOf(result)
  const verdict = await verdictOf(test, result, output, comparer)
  return {
    ...base(test),
    ...verdict,
    points: verdict.status === 'passed' ? test.points : 0,
    output: output.slice(0, keptOutput),
    wallMs: Math.round(result.wallUs / 1000),
  }
}

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

/** A test that needs what only a grader in a sandbox of its own may see. */
export const notRun = (test: AssignmentTest): StoredResult => ({
  ...base(test),
  ...{ status: 'not_run', points: 0, wallMs: 0, output: null },
  message: 'tests of the kind grader are not run yet',
})

const base = ({ id, name, points, visible }: AssignmentTest) => ({ id, name, visible, maxPoints: points })

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

function textOf({ stdout }: CaseResult): string {
  const text = stdout.encoding === 'utf8' ? stdout.content : Buffer.from(stdout.content, 'base64').toString()
  return lines(text)
}
