'use client'

import { indentWithTab } from '@codemirror/commands'
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language'
import { Compartment, EditorState, Prec } from '@codemirror/state'
import { keymap, lineNumbers } from '@codemirror/view'
import { EditorView, minimalSetup } from 'codemirror'
import { useEffect, useRef } from 'react'
import { look } from '../../editor/look'
import { syntaxOf } from '../../editor/syntax'

/** A program's text, in the colours of its language. Read only without `onChange`. */
export function CodeEditor({
  label,
  language,
  value,
  onChange,
}: {
  label: string
  language: string
  value: string
  onChange?: (value: string) => void
}) {
  const parent = useRef<HTMLDivElement>(null)
  const editor = useRef<{ view: EditorView; syntax: Compartment }>(null)
  const change = useRef(onChange)
  change.current = onChange
  const readOnly = onChange === undefined

  useEffect(() => {
    if (!parent.current) return
    const syntax = new Compartment()
    const view = new EditorView({
      parent: parent.current,
      extensions: [
        // Escape and then Tab leaves: CodeMirror sees to that.
        ...(readOnly ? [EditorState.readOnly.of(true)] : [Prec.high(keymap.of([indentWithTab]))]),
        ...[lineNumbers(), bracketMatching(), indentOnInput(), indentUnit.of('    '), minimalSetup],
        ...[look, syntax.of([])],
        EditorView.contentAttributes.of({
          'aria-label': label,
          spellcheck: 'false',
          autocapitalize: 'off',
          ...(readOnly ? { 'aria-readonly': 'true' } : {}),
        }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) change.current?.(state.doc.toString())
        }),
      ],
    })
    editor.current = { view, syntax }
    return () => {
      editor.current = null
      view.destroy()
    }
  }, [label, readOnly])

  useEffect(() => {
    const view = editor.current?.view
    const now = view?.state.doc.toString()
    if (view && now !== value)
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } })
  }, [value])

  useEffect(() => {
    let stale = false
    void syntaxOf(language).then((extension) => {
      const now = editor.current
      if (!stale && now) now.view.dispatch({ effects: now.syntax.reconfigure(extension) })
    })
    return () => {
      stale = true
    }
  }, [language])

  return <div ref={parent} className="h-full min-w-0 overflow-hidden" />
}
