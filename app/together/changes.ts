import { diff } from '@codemirror/merge'
import { ChangeSet, Text } from '@codemirror/state'

/** In a text before any of them; ascending. */
export interface Change {
  readonly from: number
  readonly to: number
  readonly insert: string
}

/** Longer work is given up for a coarser answer, which is right too. */
const precise = { scanLimit: 5000, timeout: 200 }

/** What makes `after` of `before`. No character outside of the basic plane is cut into its halves. */
export function changesBetween(before: string, after: string): readonly Change[] {
  if (before === after) return []
  return diff(before, after, precise).map(({ fromA, toA, fromB, toB }) =>
    wholePairs({ from: fromA, to: toA, insert: after.slice(fromB, toB) }, (from, to) =>
      before.slice(from, to),
    ),
  )
}

/** What was done to `base` on the way to `theirs`, done to `mine`, which was made of the same. Nothing of either is lost. */
export function mergedChanges(base: string, theirs: string, mine: string): readonly Change[] {
  const [own, other] = [setOf(base, mine), setOf(base, theirs)]
  const changes: Change[] = []
  other
    .map(own)
    .iterChanges((from, to, _from, _to, insert) => changes.push({ from, to, insert: insert.toString() }))
  return changes.map((change) => wholePairs(change, (from, to) => mine.slice(from, to)))
}

export function applied(text: string, changes: readonly Change[]): string {
  let done = ''
  let at = 0
  for (const { from, to, insert } of changes) {
    done += text.slice(at, from) + insert
    at = to
  }
  return done + text.slice(at)
}

function setOf(before: string, after: string): ChangeSet {
  const changes = changesBetween(before, after).map(({ insert, ...at }) => ({ ...at, insert: lines(insert) }))
  return ChangeSet.of(changes, before.length)
}

export const lines = (text: string): Text => Text.of(text.split('\n'))

const isHigh = (code: number) => code >= 0xd800 && code < 0xdc00
const isLow = (code: number) => code >= 0xdc00 && code < 0xe000

/** Two halves of one character go together: a shared text that is cut between them loses it. */
export function wholePairs(
  { from, to, insert }: Change,
  slice: (from: number, to: number) => string,
): Change {
  let [start, end, text] = [from, to, insert]
  const before = start > 0 ? slice(start - 1, start + 1) : ''
  if (isHigh(before.charCodeAt(0)) && isLow(before.charCodeAt(1))) {
    text = before.charAt(0) + text
    start--
  }
  const after = end > 0 ? slice(end - 1, end + 1) : ''
  if (isHigh(after.charCodeAt(0)) && isLow(after.charCodeAt(1))) {
    text += after.charAt(1)
    end++
  }
  return { from: start, to: end, insert: text }
}
