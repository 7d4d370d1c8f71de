import { standingOf } from '../../../components/hand-ins/standing'
import type { Grade } from '../../../lib/protocol-submissions'

export const filters = ['all', 'ungraded', 'graded', 'late', 'nothing'] as const
export type Filter = (typeof filters)[number]

export const sortings = ['name', 'newest', 'most', 'least'] as const
export type Sorting = (typeof sortings)[number]

/** Of those that the API lists by name, the ones that are looked for, in the order that is wanted. */
export function shownGrades(
  all: readonly Grade[],
  { search, filter, sorting }: { search: string; filter: Filter; sorting: Sorting },
): readonly Grade[] {
  const words = search.trim().toLocaleLowerCase()
  const found = all.filter(
    (one) => one.student.name.toLocaleLowerCase().includes(words) && isWanted(one, filter),
  )
  return sorting === 'name' ? found : found.toSorted((a, b) => placeOf(a, sorting) - placeOf(b, sorting))
}

function isWanted(one: Grade, filter: Filter): boolean {
  if (filter === 'all') return true
  if (filter === 'late') return one.handedIn?.late != null
  if (filter === 'nothing') return one.submission === null
  // What is to be done: also what could not be graded, and what waits.
  return filter === 'graded' ? standingOf(one) === 'graded' : one.submission !== null && one.points === null
}

/** The smallest comes first; who has none comes last. */
function placeOf({ handedIn, points }: Grade, sorting: Sorting): number {
  if (sorting === 'newest') return handedIn === null ? 0 : -Date.parse(handedIn.at.at)
  if (points === null) return Number.MAX_VALUE
  return sorting === 'most' ? -points : points
}
