import { diffArrays } from 'diff'
import type { CompareMode } from '../../lib/protocol-runs'

export interface DiffLine {
  readonly kind: 'same' | 'expected' | 'got'
  readonly text: string
}

/** With more differing lines, the middle is shown as all expected, then all got: no more are shown anyway. */
const editsMax = 1000

/** What makes two lines the same for a comparison. */
const keys: Record<CompareMode, (line: string) => string> = {
  exact: (line) => line,
  trimmed: (line) => line.trimEnd(),
  tokens: (line) => line.trim().split(/\s+/).join(' '),
  numeric: (line) =>
    line
      .trim()
      .split(/\s+/)
      .map((word) => (word !== '' && Number.isFinite(Number(word)) ? Number(word).toPrecision(6) : word))
      .join(' '),
}

/**
 * Lines that only the expected text has, and lines that only the program printed, in order, after what both begin and
 * end with is put aside.
 */
export function diff(expected: string, got: string, compare: CompareMode): DiffLine[] {
  const key = keys[compare]
  const wanted = linesOf(expected, compare)
  const had = linesOf(got, compare)
  const equal = (a: number, b: number) => key(wanted[a] ?? '') === key(had[b] ?? '')
  let head = 0
  while (head < wanted.length && head < had.length && equal(head, head)) head++
  let tail = 0
  const rest = Math.min(wanted.length, had.length) - head
  while (tail < rest && equal(wanted.length - 1 - tail, had.length - 1 - tail)) tail++
  const same = (text: string): DiffLine => ({ kind: 'same', text })
  return [
    ...had.slice(0, head).map(same),
    ...middle(wanted.slice(head, wanted.length - tail), had.slice(head, had.length - tail), key),
    ...had.slice(had.length - tail).map(same),
  ]
}

/** A last newline ends a line. Where it counts, its absence is said like in `diff -u`. */
function linesOf(text: string, compare: CompareMode): string[] {
  if (compare !== 'exact') text = text.trimEnd()
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else if (compare === 'exact') lines.push('\\ no newline at the end')
  return lines
}

function middle(
  wanted: readonly string[],
  had: readonly string[],
  key: (line: string) => string,
): DiffLine[] {
  const expected = wanted.map((text): DiffLine => ({ kind: 'expected', text }))
  const got = had.map((text): DiffLine => ({ kind: 'got', text }))
  const changes = diffArrays(wanted.map(key), had.map(key), { maxEditLength: editsMax })
  if (changes === undefined) return [...expected, ...got]
  return changes.flatMap(({ added, removed, count }) => {
    if (removed) return expected.splice(0, count)
    const lines = got.splice(0, count)
    if (added) return lines
    expected.splice(0, count)
    return lines.map(({ text }): DiffLine => ({ kind: 'same', text }))
  })
}

/** One line of expected and actual output beside each other; null where one of them has no such line. */
export interface DiffRow {
  readonly expected: string | null
  readonly got: string | null
  readonly differs: boolean
}

/** Lines of a diff side by side: what was expected stands beside what was printed in its place. */
export function pairs(lines: readonly DiffLine[]): DiffRow[] {
  const rows: DiffRow[] = []
  let expected: string[] = []
  let got: string[] = []
  const flush = () => {
    for (let at = 0; at < Math.max(expected.length, got.length); at++) {
      rows.push({ expected: expected[at] ?? null, got: got[at] ?? null, differs: true })
    }
    expected = []
    got = []
  }
  for (const { kind, text } of lines) {
    if (kind === 'expected') expected.push(text)
    else if (kind === 'got') got.push(text)
    else {
      flush()
      rows.push({ expected: text, got: text, differs: false })
    }
  }
  flush()
  return rows
}
