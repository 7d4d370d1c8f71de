import type { Assignment } from '../../prisma/generated/client.js'
import type { RubricCriterion } from '../../protocol/api/index.js'
import { storedGrading, storedRubric, storedTests } from '../assignments/rows.js'

/** Of an assignment without tests that says nothing. */
const otherwise = 100

/** Without what binary fractions leave over. */
export const sum = (values: readonly number[]): number =>
  Math.round(values.reduce((all, one) => all + one, 0) * 1e6) / 1e6

/** The most that anybody gets for an assignment. */
export function maxPointsOf({
  grading,
  rubric,
  tests,
}: Pick<Assignment, 'grading' | 'rubric' | 'tests'>): number {
  const { maxPoints } = storedGrading.parse(grading)
  const tested = sum(storedTests.parse(tests).map(({ points }) => points))
  const judged = sum(storedRubric.parse(rubric).map(bestOf))
  return maxPoints ?? (Math.max(tested, judged) || otherwise)
}

/** Points of the best level of a criterion. */
export const bestOf = ({ levels }: Pick<RubricCriterion, 'levels'>): number =>
  Math.max(...levels.map(({ points }) => points))

/** What is left of points that came late, to two places. */
export const afterPenalty = (points: number, percent: number): number =>
  Math.round(points * (1 - percent / 100) * 100) / 100
