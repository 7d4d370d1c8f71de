import type { LessonState, LessonStudent } from '../../../../lib/protocol-lessons'

export const sorts = ['name', 'hand', 'state', 'steps'] as const
export type Sort = (typeof sorts)[number]
/** In the order of how much a teacher needs to know of them. */
export const states = ['stuck', 'error', 'running', 'working', 'idle', 'frozen', 'offline'] as const
export type Filter = LessonState | 'all' | 'hand'

export interface View {
  readonly search: string
  readonly sort: Sort
  readonly filter: Filter
}

/** Hands by time, then those whose hand is down. */
const byHand = (one: LessonStudent, other: LessonStudent) =>
  one.handUp === other.handUp
    ? 0
    : one.handUp === null
      ? 1
      : other.handUp === null || one.handUp < other.handUp
        ? -1
        : 1
const orders: Readonly<Record<Sort, (one: LessonStudent, other: LessonStudent) => number>> = {
  name: () => 0,
  hand: byHand,
  state: (one, other) => states.indexOf(one.state) - states.indexOf(other.state),
  steps: (one, other) => one.steps.passed - other.steps.passed,
}

/** The students that a view shows, in its order; those that are equal in it stay by name. */
export function shownOf(
  students: readonly LessonStudent[],
  { search, sort, filter }: View,
): readonly LessonStudent[] {
  const wanted = search.trim().toLowerCase()
  return students
    .filter(({ name, number }) => `${name}\n${number ?? ''}`.toLowerCase().includes(wanted))
    .filter(
      ({ state, handUp }) => filter === 'all' || (filter === 'hand' ? handUp !== null : state === filter),
    )
    .toSorted(orders[sort])
}
