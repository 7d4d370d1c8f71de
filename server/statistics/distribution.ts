import { type AssignmentStatistics, type Distribution, statisticsBounds } from '../../protocol/api/index.js'

const binCount = 10
const places = 100

const round = (value: number) => Math.round(value * places) / places

/** Between the two values that are nearest, as `percentile_cont` of PostgreSQL. @param sorted not empty */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const [low = 0, high = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return round(low + (high - low) * (at - Math.floor(at)))
}

/** Null for so few that it would tell of each of them. */
export function distributionOf(values: readonly number[]): Distribution | null {
  if (values.length < statisticsBounds.distribution) return null
  const sorted = values.toSorted((a, b) => a - b)
  return {
    students: values.length,
    ...{ lowerQuartile: quantile(sorted, 0.25), median: quantile(sorted, 0.5) },
    upperQuartile: quantile(sorted, 0.75),
  }
}

/** @param values more than `maxPoints` counts as that: of a test that was worth more then */
export function pointsOf(values: readonly number[], maxPoints: number): AssignmentStatistics['points'] {
  const distribution = distributionOf(values)
  if (distribution === null) return null
  const width = maxPoints / binCount
  const bins = Array.from({ length: binCount }, (_, at) => ({
    ...{ from: round(at * width), to: round((at + 1) * width), students: 0 },
  }))
  for (const value of values) {
    const bin = bins[Math.min(binCount - 1, Math.max(0, Math.floor(value / width)))]
    if (bin !== undefined) bin.students++
  }
  return { maxPoints, ...distribution, bins }
}
