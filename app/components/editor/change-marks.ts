'use client'

import { Text } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { type RefObject, useContext, useEffect } from 'react'
import { setBaseline, textSaved, unsavedRanges } from '../../editor/changed-lines'
import type { OpenDocument } from '../../editor/document'
import { isWithin, relativePath } from '../../files/paths'
import { useStore } from '../../terminal/use-store'
import { CommittedContext } from './committed'

/** Tells the editor what of its text the disk has, and what the last commit. */
export function useChangeMarks(document: OpenDocument, view: RefObject<EditorView | null>): void {
  const status = useStore(document.status)
  const saved = status.kind === 'open' && status.save.kind === 'saved'
  const committed = useContext(CommittedContext)
  const { repository, commit } = committed ?? {}

  useEffect(() => {
    if (document.path && saved && view.current?.state.field(unsavedRanges).length) {
      view.current.dispatch({ effects: textSaved.of(null) })
    }
  }, [document, view, saved])

  useEffect(() => {
    const { path } = document
    if (!repository || !commit || !isWithin(path, repository.root)) return
    let stale = false
    repository.content('HEAD', relativePath(path, repository.root)).then(
      (text) => {
        if (stale || text === '' || !view.current) return
        view.current.dispatch({ effects: setBaseline.of(Text.of(text.split(/\r?\n/))) })
      },
      // There are no marks then; source control says what is wrong.
      () => {},
    )
    return () => {
      stale = true
      view.current?.dispatch({ effects: setBaseline.of(null) })
    }
  }, [document, view, repository, commit])
}
