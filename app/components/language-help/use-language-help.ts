'use client'

import type { EditorView } from '@codemirror/view'
import { type RefObject, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenDocument } from '../../editor/document'
import { languageHelp } from '../../editor/state'
import type { LanguageAction } from '../../language-help/actions'
import type { HelpOf } from '../../language-help/help-tools'
import { useCommands } from '../../palette/commands'
import { useStore } from '../../terminal/use-store'
import { useHelp } from './context'

const actions: readonly { readonly action: LanguageAction; readonly keys: string }[] = [
  { action: 'definition', keys: 'F12' },
  { action: 'references', keys: 'Shift+F12' },
  { action: 'rename', keys: 'F2' },
  { action: 'format', keys: 'Shift+Alt+F' },
  { action: 'fix', keys: 'Ctrl+.' },
]

/** Connects the text of a document to its language server, where there is one. */
export function useLanguageHelp(document: OpenDocument, view: RefObject<EditorView | null>): HelpOf {
  const t = useTranslations()
  const help = useHelp()
  const running = useStore(help.running)
  const looked = useStore(help.looked)
  const [found, setFound] = useState<HelpOf>(() => help.of(document))

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is looked anew when somebody wants that
  useEffect(() => {
    let stale = false
    const firstLine = view.current?.state.doc.line(1).text.slice(0, 200) ?? ''
    help.find(document, firstLine).then(
      (of) => {
        if (stale) return
        setFound(of)
        const shown = view.current
        if (of.kind !== 'server' || !shown || languageHelp.get(shown.state) === of.extension) return
        shown.dispatch({ effects: languageHelp.reconfigure(of.extension) })
      },
      // The sandbox cannot be asked: the line banner says so, and the next file or start asks again.
      () => {},
    )
    return () => {
      stale = true
    }
  }, [help, document, view, running, looked])

  useCommands(
    found.kind === 'none'
      ? []
      : [
          ...(found.kind === 'server'
            ? actions.map(({ action, keys }) => ({
                ...{ name: t(`language.actions.${action}`), keys },
                run: () => {
                  const { current } = view
                  if (current)
                    void import('../../language-help/actions').then(({ act }) => act(help, current, action))
                },
              }))
            : []),
          { name: t('language.restartAll'), run: () => help.restart() },
        ],
  )
  return found
}
