import { z } from 'zod'
import type { TestReport } from '../../../protocol/api/index.js'
import { ReportProblem, TestCollector } from './collector.js'

const points = z.number().min(0)
const results = z.looseObject({
  score: points.nullish(),
  tests: z
    .array(
      z.looseObject({
        name: z.string().nullish(),
        number: z.union([z.string(), z.number()]).nullish(),
        status: z.enum(['passed', 'failed']).nullish(),
        score: points.nullish(),
        max_score: points.nullish(),
        output: z.string().nullish(),
        execution_time: z.number().min(0).nullish(),
      }),
    )
    .nullish(),
})

/**
 * Gradescope's `results.json`. A `score` of the whole replaces the sum of the tests' scores, as it does there. More points
 * than the maximum are refused.
 *
 * @throws ReportProblem
 * @see https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
 */
export function readGradescope(text: string): TestReport {
  const { score, tests: given } = parse(text)
  const tests = new TestCollector()
  let [sum, max, scored] = [0, 0, false]
  for (const [index, one] of (given ?? []).entries()) {
    const { status, score, max_score } = one
    const at = `tests[${index}]`
    if (score == null && status == null) throw new ReportProblem(`${at} has neither status nor score`)
    if (score != null && max_score == null) throw new ReportProblem(`${at} has a score and no max_score`)
    if (score != null && max_score != null && score > max_score)
      throw new ReportProblem(`${at}: the score ${score} is more than max_score, ${max_score}`)
    const full = (score ?? 0) >= (max_score ?? 0)
    const passed = status == null ? full : status === 'passed'
    // As there: what has a maximum and a status only gets all or nothing.
    const points = max_score == null ? null : (score ?? (passed ? max_score : 0))
    if (points !== null && max_score != null) {
      sum += points
      max += max_score
      scored = true
    }
    const number = one.number == null ? '' : `${one.number} `
    tests.add({
      name: `${number}${one.name ?? ''}`.trim() || `test ${index + 1}`,
      status: passed ? 'passed' : 'failed',
      ...{ points, maxPoints: max_score ?? null, message: one.output ?? null },
      durationMs: one.execution_time == null ? null : one.execution_time * 1000,
    })
  }
  if (!Number.isFinite(max)) throw new ReportProblem('the points are too many for a number')
  if (score != null && scored && score > max)
    throw new ReportProblem(`score ${score} is more than the sum of max_score, ${max}`)
  return tests.report('gradescope', score ?? (scored ? sum : null), scored ? max : null)
}

function parse(text: string) {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ReportProblem(`it is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  const parsed = results.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = issue?.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
  throw new ReportProblem(`${path?.replace(/^\./, '') || 'results.json'}: ${issue?.message}`)
}
