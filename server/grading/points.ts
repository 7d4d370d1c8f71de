import type { Assignment } from '../../prisma/generated/client.js'
import { storedGrading, storedTests } from '../assignments/rows.js'

/** Of an assignment without tests that says nothing. */
const otherwise = 100

/** Without what binary fractions leave over. */
export const sum = (values: readonly number[]): number =>
  Math.round(values.reduce((all, one) => all + one, 0) * 1e6) / 1e6

/** The most that anybody gets for an assignment. */
export function maxPointsOf({ grading, tests }: Pick<Assignment, 'grading' | 'tests'>): number {
  const { maxPoints } = storedGrading.parse(grading)
  return maxPoints ?? (sum(storedTests.parse(tests).map(({ points }) => points)) || otherwise)
}

/** What is left of points that came late, to two places. */
export const afterPenalty = (points: number, percent: number): number =>
  Math.round(points * (1 - percent / 100) * 100) / 100
