'use client'

import { EditorView } from '@codemirror/view'
import { type RefObject, useContext, useEffect } from 'react'
import type { OpenDocument } from '../../editor/document'
import { useStore } from '../../terminal/use-store'
import { TogetherContext } from '../together/people'

/** Tells what of a text is seen here to who follows this window, and shows what is seen in the window that is followed. */
export function useView(document: OpenDocument, view: RefObject<EditorView | null>): void {
  const together = useContext(TogetherContext)
  const seen = useStore(document.seen)

  useEffect(() => {
    const shown = view.current
    if (!shown || !together) return
    // The focus can come in the middle of an update, in which the layout may not be read.
    const tell = () =>
      shown.requestMeasure({
        read: firstLine,
        write: (line) => together.following.shows(document.path, line),
      })
    tell()
    shown.scrollDOM.addEventListener('scroll', tell, { passive: true })
    shown.dom.addEventListener('focusin', tell)
    return () => {
      shown.scrollDOM.removeEventListener('scroll', tell)
      shown.dom.removeEventListener('focusin', tell)
    }
  }, [together, document, view])

  useEffect(() => {
    const shown = view.current
    if (!shown || !seen) return
    document.seen.set(null)
    const { doc } = shown.state
    const { from } = doc.line(Math.min(seen.line, doc.lines))
    shown.dispatch({ effects: EditorView.scrollIntoView(from, { y: 'start', yMargin: 0 }) })
  }, [document, view, seen])
}

/** The first line that is seen. */
function firstLine(view: EditorView): number {
  const top = view.scrollDOM.getBoundingClientRect().top - view.documentTop
  return view.state.doc.lineAt(view.lineBlockAtHeight(Math.max(0, top + 1)).from).number
}
