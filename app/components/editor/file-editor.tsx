'use client'

import type { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import type { OpenDocument } from '../../editor/document'
import { languageOfDocument, putCursor, replaceText, stateOf, syntax } from '../../editor/state'
import { syntaxOf } from '../../editor/syntax'
import { useStore } from '../../terminal/use-store'
import { useFocusHome } from '../ui/focus-home'
import { SaveStatus } from './save-status'

/** The text of one document at a time; of the others, the states are kept. */
export function FileEditor({ document, takeFocus }: { document: OpenDocument; takeFocus: () => boolean }) {
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const [shown, setShown] = useState<EditorState>()
  const replaced = useStore(document.replaced)
  const wanted = useStore(document.wanted)
  const home = useFocusHome()
  const focused = useRef(takeFocus)
  focused.current = takeFocus

  useEffect(() => {
    if (!parent.current) return
    const made = new EditorView({
      parent: parent.current,
      state: stateOf(document),
      dispatchTransactions: (transactions, into) => {
        into.update(transactions)
        setShown(into.state)
      },
    })
    view.current = made
    setShown(made.state)
    home.set(() => made.focus())
    if (focused.current()) home.focus()
    let stale = false
    void syntaxOf(languageOfDocument(document, made.state).name).then((extension) => {
      if (!stale) made.dispatch({ effects: syntax.reconfigure(extension) })
    })
    return () => {
      stale = true
      home.set(null)
      view.current = null
      made.destroy()
    }
  }, [document, home])

  // biome-ignore lint/correctness/useExhaustiveDependencies: each replacement is shown
  useEffect(() => {
    if (view.current) replaceText(view.current, document)
  }, [document, replaced])

  useEffect(() => {
    if (!wanted || !view.current) return
    putCursor(view.current, wanted)
    document.wanted.set(null)
  }, [document, wanted])

  return (
    <>
      <div ref={parent} className="min-h-0 flex-1 overflow-hidden" />
      <footer className="flex h-7 shrink-0 items-center gap-4 border-line border-t bg-ground px-3 text-muted text-xs">
        <SaveStatus document={document} />
        <span className="flex-1" />
        {shown && <Position state={shown} />}
        {shown && <span className="hidden sm:inline">{languageOfDocument(document, shown).title}</span>}
      </footer>
    </>
  )
}

function Position({ state }: { state: EditorState }) {
  const { ranges, main } = state.selection
  const line = state.doc.lineAt(main.head)
  return (
    <span className="tabular">
      {ranges.length > 1
        ? `${ranges.length} cursors`
        : `Line ${line.number}, column ${main.head - line.from + 1}`}
    </span>
  )
}
