import { type DiffLine, pairs } from '../../runs/diff'

/** A line before and after, beside each other; null where there is none. */
export interface PatchRow {
  readonly before: PatchLine | null
  readonly after: PatchLine | null
  readonly differs: boolean
}
export interface PatchLine {
  readonly number: number
  readonly text: string
}

/** Lines of a file that have changed, with a few around them. */
export interface Hunk {
  readonly rows: readonly PatchRow[]
}

/** What `diff -u` says of one file, for reading side by side. Lines that are no part of it are left out. */
export function hunksOf(patch: string): Hunk[] {
  const hunks: { before: number; after: number; lines: DiffLine[] }[] = []
  for (const line of patch.split('\n')) {
    const begin = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line)
    if (begin) {
      hunks.push({ before: Number(begin[1]), after: Number(begin[2]), lines: [] })
      continue
    }
    const lines = hunks.at(-1)?.lines
    const text = line.slice(1)
    if (line.startsWith('-')) lines?.push({ kind: 'expected', text })
    else if (line.startsWith('+')) lines?.push({ kind: 'got', text })
    else if (line.startsWith(' ')) lines?.push({ kind: 'same', text })
    // Said of the line above it: no line feed at its end.
    else if (line.startsWith('\\')) lines?.push({ kind: lines.at(-1)?.kind ?? 'same', text: line })
  }
  return hunks.map(({ before, after, lines }) => {
    let [left, right] = [before, after]
    const rows = pairs(lines).map(({ expected, got, differs }) => ({
      before: expected === null ? null : { number: left++, text: expected },
      after: got === null ? null : { number: right++, text: got },
      differs,
    }))
    return { rows }
  })
}
