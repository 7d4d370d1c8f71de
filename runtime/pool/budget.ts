import type { Isolation, PoolBudget } from '../../protocol/api/index.js'

/** What one sandbox that waits is reckoned at; measured figures are in `docs/explanation/performance.md`, and below these. */
const costs: Record<Isolation, { memoryMiB: number; diskMiB: number }> = {
  standard: { memoryMiB: 4, diskMiB: 1 },
  // A kernel of its own for each.
  hardened: { memoryMiB: 64, diskMiB: 1 },
}

/** What is wanted of one kind. */
export interface Want {
  readonly isolation: Isolation
  readonly count: number
  /** For the sum that people read. */
  readonly label: string
}

/** What `wants` cost together. `cpus` is not spent by waiting. */
export function costOf(wants: readonly Pick<Want, 'isolation' | 'count'>[]): PoolBudget {
  const sum = { memoryMiB: 0, diskMiB: 0, cpus: 0, sandboxes: 0 }
  for (const { isolation, count } of wants) {
    sum.memoryMiB += count * costs[isolation].memoryMiB
    sum.diskMiB += count * costs[isolation].diskMiB
    sum.sandboxes += count
  }
  return sum
}

/** The sum that shows why `wants` are more than the budget allows; undefined when they are not. */
export function excess(wants: readonly Want[], budget: PoolBudget): string | undefined {
  const cost = costOf(wants)
  const sum = (price: (isolation: Isolation) => string) =>
    wants.map(({ count, isolation, label }) => `${count}${price(isolation)} (${label})`).join(' + ')
  if (cost.sandboxes > budget.sandboxes) {
    return `${sum(() => '')} = ${cost.sandboxes} sandboxes; the pools of this node may hold ${budget.sandboxes}`
  }
  for (const what of ['memoryMiB', 'diskMiB'] as const) {
    if (cost[what] <= budget[what]) continue
    const words = { memoryMiB: 'MiB of memory', diskMiB: 'MiB of disk' }[what]
    const price = (isolation: Isolation) => ` × ${costs[isolation][what]} MiB`
    return `${sum(price)} = ${cost[what]} ${words}; the pools of this node may use ${budget[what]}`
  }
  return undefined
}

/** What one pool would hold if there were no budget, the most pressing first. */
export interface Wanted {
  readonly isolation: Isolation
  /** Promised to somebody: schedules and warm-ahead requests. */
  readonly asked: number
  /** Kept ready always. */
  readonly floor: number
  /** By the forecast. */
  readonly needed: number
}

/**
 * How many sandboxes each pool may hold: all that is wanted if the budget allows it, else first what was promised,
 * then what is always kept, then what is only expected; within each of these every pool gets its equal share.
 */
export function allot(wanted: readonly Wanted[], budget: PoolBudget): number[] {
  const given = wanted.map(() => 0)
  const left = { ...budget }
  const levels = [
    (one: Wanted) => one.asked,
    (one: Wanted) => Math.max(one.asked, one.floor),
    (one: Wanted) => Math.max(one.asked, one.floor, one.needed),
  ]
  const give = (one: Wanted, i: number): boolean => {
    const { memoryMiB, diskMiB } = costs[one.isolation]
    if (left.sandboxes < 1 || left.memoryMiB < memoryMiB || left.diskMiB < diskMiB) return false
    left.sandboxes--
    left.memoryMiB -= memoryMiB
    left.diskMiB -= diskMiB
    given[i] = (given[i] ?? 0) + 1
    return true
  }
  for (const level of levels) {
    for (let more = true; more; ) {
      more = false
      wanted.forEach((one, i) => {
        if ((given[i] ?? 0) < level(one) && give(one, i)) more = true
      })
    }
  }
  return given
}
