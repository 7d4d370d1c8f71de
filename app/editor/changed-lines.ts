import { type EditorState, StateEffect, StateField, type Text } from '@codemirror/state'

/** More places are not kept apart: the rest joins the last. */
const rangesMax = 500

export interface TextRange {
  readonly from: number
  readonly to: number
}

/** The disk has the text now. */
export const textSaved = StateEffect.define<null>()

/** Where the text was changed since the disk had it. */
export const unsavedRanges = StateField.define<readonly TextRange[]>({
  create: () => [],
  update(before, transaction) {
    const { changes, docChanged, effects } = transaction
    if (effects.some((effect) => effect.is(textSaved))) return before.length === 0 ? before : []
    if (!docChanged) return before
    const all = before.map(({ from, to }) => ({ from: changes.mapPos(from, -1), to: changes.mapPos(to, 1) }))
    // What comes from the disk is saved.
    if (transaction.isUserEvent('reload')) return []
    changes.iterChangedRanges((_fromA, _toA, from, to) => all.push({ from, to }))
    return joined(all)
  },
})

/** In order, and those that touch as one. */
export function joined(ranges: readonly TextRange[]): readonly TextRange[] {
  const all: TextRange[] = []
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1)
    if (last && (range.from <= last.to + 1 || all.length === rangesMax)) {
      all[all.length - 1] = { from: last.from, to: Math.max(last.to, range.to) }
    } else all.push(range)
  }
  return all
}

/** The text that git has of the file; null where it has none. */
export const setBaseline = StateEffect.define<Text | null>()

export const baseline = StateField.define<Text | null>({
  create: () => null,
  update(before, { effects }) {
    for (const effect of effects) if (effect.is(setBaseline)) return effect.value
    return before
  },
})

/** Where the text is another than git's. Its way to compare is loaded when it is first needed. */
export async function rangesChanged(state: EditorState): Promise<readonly TextRange[]> {
  const before = state.field(baseline, false)
  if (!before || before.eq(state.doc)) return []
  const { Chunk } = await import('@codemirror/merge')
  return Chunk.build(before, state.doc, { scanLimit: 500, timeout: 100 }).map(({ fromB, endB }) => ({
    from: Math.min(fromB, state.doc.length),
    to: Math.min(Math.max(fromB, endB), state.doc.length),
  }))
}
