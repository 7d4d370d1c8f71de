'use client'

import type { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenDocument } from '../../editor/document'
import { bindingsOf, keyBindings } from '../../editor/key-bindings'
import { editorSettings } from '../../editor/settings'
import {
  bindings,
  languageOfDocument,
  putCursor,
  replaceText,
  settings,
  settingsOf,
  stateOf,
  syntax,
} from '../../editor/state'
import { syntaxOf } from '../../editor/syntax'
import { copyText } from '../../lib/clipboard'
import { useCommands } from '../../palette/commands'
import { useStore } from '../../terminal/use-store'
import { linkTo } from '../../workspace/deep-link'
import { LanguageStatus } from '../language-help/language-status'
import { useLanguageHelp } from '../language-help/use-language-help'
import { useFocusHome } from '../ui/focus-home'
import { useChangeMarks } from './change-marks'
import { KeysMenu } from './keys-menu'
import { SaveStatus } from './save-status'
import { SharedStatus, useShared } from './use-shared'
import { useView } from './use-view'

/** The text of one document at a time; of the others, the states are kept. */
export function FileEditor({
  document,
  asked,
  takeFocus,
}: {
  document: OpenDocument
  /** Changes when somebody asks for a file, also for the one that is shown. */
  asked: number
  takeFocus: () => boolean
}) {
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const [shown, setShown] = useState<EditorState>()
  const replaced = useStore(document.replaced)
  const wanted = useStore(document.wanted)
  const keys = useStore(keyBindings())
  const ofProject = useStore(editorSettings)
  const home = useFocusHome()
  const focused = useRef(takeFocus)
  focused.current = takeFocus
  const t = useTranslations()
  // An editor keeps the language that it was opened with; its history is worth more than its labels.
  const words = useRef(t)
  words.current = t
  const [renewed, setRenewed] = useState(0)
  const shared = useShared(document, view, renewed)

  useEffect(() => {
    if (!parent.current) return
    const made = new EditorView({
      parent: parent.current,
      state: stateOf(document, words.current),
      dispatchTransactions: (transactions, into) => {
        into.update(transactions)
        shared.took(transactions)
        setShown(into.state)
      },
    })
    view.current = made
    setShown(made.state)
    home.set(() => made.focus())
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
  }, [document, home, shared])

  // biome-ignore lint/correctness/useExhaustiveDependencies: they are read where they are applied
  useEffect(() => {
    const text = view.current?.state.sliceDoc(0, 20_000)
    if (text !== undefined) view.current?.dispatch({ effects: settings.reconfigure(settingsOf(text)) })
  }, [ofProject, document])

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is taken each time that somebody asks
  useEffect(() => {
    if (focused.current()) home.focus()
  }, [asked, home])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a view that was made again has none
  useEffect(() => {
    let stale = false
    void bindingsOf(keys, () => void document.saveNow()).then((extension) => {
      if (!stale) view.current?.dispatch({ effects: bindings.reconfigure(extension) })
    })
    return () => {
      stale = true
    }
  }, [document, home, keys])

  // biome-ignore lint/correctness/useExhaustiveDependencies: each replacement is shown
  useEffect(() => {
    if (view.current && replaceText(view.current, document, words.current)) setRenewed((count) => count + 1)
  }, [document, replaced])

  useEffect(() => {
    if (!wanted || !view.current) return
    putCursor(view.current, wanted)
    document.wanted.set(null)
  }, [document, wanted])

  const help = useLanguageHelp(document, view)
  useView(document, view)
  useChangeMarks(document, view)

  useCommands([
    {
      name: t('editor.copyLink'),
      run: () => {
        const { state } = view.current ?? {}
        const line = state?.doc.lineAt(state.selection.main.head).number ?? 1
        void copyText(linkTo(window.location.href, document.path, line))
      },
    },
  ])
  return (
    <>
      <div ref={parent} className="min-h-0 flex-1 overflow-hidden" />
      <footer className="flex h-7 shrink-0 items-center gap-4 border-line border-t bg-ground px-3 text-muted text-xs">
        <SaveStatus document={document} />
        <SharedStatus of={shared} path={document.path} />
        <LanguageStatus of={help} />
        <span className="flex-1" />
        <KeysMenu />
        {shown && <Position state={shown} />}
        {shown && (
          <span className="hidden sm:inline">
            <Language document={document} state={shown} />
          </span>
        )}
      </footer>
    </>
  )
}

function Position({ state }: { state: EditorState }) {
  const t = useTranslations()
  const { ranges, main } = state.selection
  const line = state.doc.lineAt(main.head)
  return (
    <span className="tabular">
      {ranges.length > 1
        ? t('editor.cursors', { count: ranges.length })
        : t('editor.position', {
            line: String(line.number),
            column: String(main.head - line.from + 1),
          })}
    </span>
  )
}

function Language({ document, state }: { document: OpenDocument; state: EditorState }) {
  const t = useTranslations()
  const { name, displayName } = languageOfDocument(document, state)
  return name === 'text' ? t('editor.plainText') : displayName
}
