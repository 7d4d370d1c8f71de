import { Annotation, StateEffect, Transaction } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import type { OpenDocument } from '../editor/document'
import { withPlainBreaks } from '../editor/text'
import { type Change, lines, wholePairs } from './changes'
import { cursorsOfOthers, setCursors } from './cursors'
import { SharedFile } from './shared-file'
import type { OtherCursor } from './sides'
import type { Together } from './together'

/** Longer texts are not shared: each window would hold them several times over. */
const sharedCharsMax = 1_000_000
/** A cursor is told this often. */
const pointMs = 100

/** What others did comes from them, and is not theirs to hear again. */
const fromOthers = Annotation.define<true>()

export interface Shared {
  /** The editor has taken these. */
  took(transactions: readonly Transaction[]): void
  stop(): void
}

/** Shares the text of an editor with other windows. @param onEnded it is not shared any more; @returns null when it cannot be now */
export function share(
  document: OpenDocument,
  view: EditorView,
  together: Together,
  onEnded: () => void,
): Shared | 'too large' | null {
  const { base, path } = document
  if (!base || base.text === null) return null
  const text = withPlainBreaks(base.text)
  if (Math.max(text.length, view.state.doc.length) > sharedCharsMax) return 'too large'
  view.dispatch({ effects: StateEffect.appendConfig.of(cursorsOfOthers) })
  const dispatch = (changes: readonly Change[], others: boolean) => {
    if (changes.length === 0) return
    view.dispatch({
      changes: changes.map(({ from, to, insert }) => ({ from, to, insert: lines(insert) })),
      annotations: others
        ? [fromOthers.of(true), Transaction.remote.of(true), Transaction.addToHistory.of(false)]
        : [],
    })
  }
  let drawn = ''
  const page = {
    mayType: !document.looking,
    text: () => view.state.doc.toString(),
    base: () => document.base,
    apply: (changes: readonly Change[]) => dispatch(changes, true),
    edit: (changes: readonly Change[]) => dispatch(changes, false),
    savedElsewhere: document.savedElsewhere.bind(document),
    checkDisk: () => void document.checkDisk(),
    handOver: () => document.handOver(),
    cursors: (all: readonly OtherCursor[]) => {
      const next = JSON.stringify(all.map(({ person, ...at }) => [person.id, person.name, at]))
      if (next !== drawn) view.dispatch({ effects: setCursors.of(all) })
      drawn = next
    },
    ended: onEnded,
  }
  const channel = {
    get own() {
      return together.own
    },
    get up() {
      return together.up
    },
    get hidden() {
      return window.document.visibilityState === 'hidden'
    },
    get people() {
      return together.people.get()
    },
    tell: together.tell.bind(together),
  }
  const file = new SharedFile(path, page, channel, { version: base.version, text })
  document.share(file)
  const announce = () => file.announce()
  window.document.addEventListener('visibilitychange', announce)
  const undo = [
    together.onTold((from, frame) => file.hear(from, frame)),
    together.people.subscribe(() => {
      file.lineChanged()
      file.peopleChanged()
    }),
    () => window.document.removeEventListener('visibilitychange', announce),
  ]
  let timer: ReturnType<typeof setTimeout> | undefined
  const point = () => {
    timer = undefined
    const { anchor, head } = view.state.selection.main
    file.point({ anchor, head })
  }
  timer = setTimeout(point, pointMs)
  return {
    took: (transactions) => {
      for (const one of transactions) {
        if (one.docChanged && !one.annotation(fromOthers)) file.change(changesOf(one))
        drawn = one.docChanged ? '' : drawn
      }
      if (transactions.some(({ selection, docChanged }) => selection || docChanged)) {
        timer ??= setTimeout(point, pointMs)
      }
    },
    stop: () => {
      clearTimeout(timer)
      for (const end of undo) end()
      file.stop(true)
      document.share(null)
      // What others had typed and nobody saved is not what the file has.
      if (document.looking) void document.reload().catch(() => {})
    },
  }
}

function changesOf({ changes, startState }: Transaction): readonly Change[] {
  const all: Change[] = []
  changes.iterChanges((from, to, _from, _to, insert) => {
    const change = { from, to, insert: insert.sliceString(0, insert.length, '\n') }
    all.push(wholePairs(change, (start, end) => startState.doc.sliceString(start, end, '\n')))
  })
  return all
}
