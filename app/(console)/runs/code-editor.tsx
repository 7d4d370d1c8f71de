'use client'

import { indentWithTab } from '@codemirror/commands'
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language'
import { Compartment, EditorState, Prec } from '@codemirror/state'
import { Decoration, keymap, lineNumbers } from '@codemirror/view'
import { EditorView, minimalSetup } from 'codemirror'
import { useEffect, useRef } from 'react'
import { look } from '../../editor/look'
import { syntaxOf } from '../../editor/syntax'

const none: readonly number[] = []
const mark = Decoration.line({ class: 'cm-marked' })

/**
 * A program's text, in the colours of its language. Read only without `onChange`.
 *
 * @param marked lines that look different, from 1
 * @param onLine is told the line of the cursor when it moves
 * @param shown the line to go to; another object goes there again
 */
export function CodeEditor({
  label,
  language,
  value,
  onChange,
  marked = none,
  onLine,
  shown,
}: {
  label: string
  language: string
  value: string
  onChange?: (value: string) => void
  marked?: readonly number[]
  onLine?: (line: number) => void
  shown?: { readonly line: number } | undefined
}) {
  const parent = useRef<HTMLDivElement>(null)
  const editor = useRef<{ view: EditorView; syntax: Compartment; marks: Compartment }>(null)
  const change = useRef(onChange)
  change.current = onChange
  const moved = useRef(onLine)
  moved.current = onLine
  const readOnly = onChange === undefined

  useEffect(() => {
    if (!parent.current) return
    const [syntax, marks] = [new Compartment(), new Compartment()]
    const view = new EditorView({
      parent: parent.current,
      extensions: [
        // Escape and then Tab leaves: CodeMirror sees to that.
        ...(readOnly ? [EditorState.readOnly.of(true)] : [Prec.high(keymap.of([indentWithTab]))]),
        ...[lineNumbers(), bracketMatching(), indentOnInput(), indentUnit.of('    '), minimalSetup],
        ...[look, syntax.of([]), marks.of([])],
        EditorView.contentAttributes.of({
          'aria-label': label,
          spellcheck: 'false',
          autocapitalize: 'off',
          ...(readOnly ? { 'aria-readonly': 'true' } : {}),
        }),
        EditorView.updateListener.of(({ docChanged, selectionSet, state }) => {
          if (docChanged) change.current?.(state.doc.toString())
          if (selectionSet) moved.current?.(state.doc.lineAt(state.selection.main.head).number)
        }),
      ],
    })
    editor.current = { view, syntax, marks }
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

  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines are in another text
  useEffect(() => {
    const now = editor.current
    if (!now) return
    const { doc } = now.view.state
    const lines = [...new Set(marked)].filter((line) => line <= doc.lines).toSorted((a, b) => a - b)
    const drawn = Decoration.set(lines.map((line) => mark.range(doc.line(line).from)))
    now.view.dispatch({ effects: now.marks.reconfigure(EditorView.decorations.of(drawn)) })
  }, [marked, value])

  useEffect(() => {
    const view = editor.current?.view
    if (!view || !shown || shown.line > view.state.doc.lines) return
    const { from } = view.state.doc.line(shown.line)
    view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
  }, [shown])

  return <div ref={parent} className="h-full min-w-0 overflow-hidden" />
}
