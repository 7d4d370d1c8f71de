'use client'

import { MergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { DiskText } from '../../editor/disk-text'
import type { OpenDocument } from '../../editor/document'
import { languageOf } from '../../editor/language'
import { look } from '../../editor/look'
import { phrasesIn } from '../../editor/phrases'
import { syntaxOf } from '../../editor/syntax'
import { lineBreakOf } from '../../editor/text'
import { TextError } from '../../lib/text-error'
import { Button } from '../ui/button'
import { useToast } from '../ui/toast'

/** The text of the disk beside the one of the editor, which can take pieces of it and is then saved. */
export default function ConflictView({ document, onClose }: { document: OpenDocument; onClose: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const [theirs, setTheirs] = useState<DiskText | null>(null)
  const [busy, setBusy] = useState(false)
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<MergeView>(null)
  const say = useRef({ t, failed: toast.failed, onClose })
  say.current = { t, failed: toast.failed, onClose }

  useEffect(() => {
    let stale = false
    const failed = (error: unknown) => {
      if (stale) return
      say.current.failed(error)
      say.current.onClose()
    }
    document.theirs().then((found) => {
      if (found === null) failed(new TextError('editor.cannotCompare'))
      else if (!stale) setTheirs(found)
    }, failed)
    return () => {
      stale = true
    }
  }, [document])

  useEffect(() => {
    const element = parent.current
    if (!element || !theirs) return
    let stale = false
    const mine = document.text
    const { t } = say.current
    void syntaxOf(languageOf(document.name, mine.slice(0, 200)).name).then((syntax) => {
      if (stale) return
      const shared = (label: string) => [
        ...[lineNumbers(), look, syntax, EditorView.lineWrapping, EditorState.phrases.of(phrasesIn(t))],
        EditorView.contentAttributes.of({ 'aria-label': label }),
      ]
      view.current = new MergeView({
        parent: element,
        a: { doc: theirs.text, extensions: [shared(t('editor.theirs')), EditorState.readOnly.of(true)] },
        b: {
          doc: mine,
          extensions: [shared(t('editor.mine')), EditorState.lineSeparator.of(lineBreakOf(mine))],
        },
        ...{ revertControls: 'a-to-b', collapseUnchanged: { margin: 3, minSize: 6 } },
        renderRevertControl: () => {
          const button = window.document.createElement('button')
          button.type = 'button'
          button.textContent = '→'
          button.title = t('editor.takeTheirs')
          button.ariaLabel = t('editor.takeTheirs')
          return button
        },
      })
      view.current.b.focus()
    })
    return () => {
      stale = true
      view.current?.destroy()
      view.current = null
    }
  }, [document, theirs])

  const save = async () => {
    const merged = view.current?.b.state.sliceDoc()
    if (merged === undefined || !theirs) return
    setBusy(true)
    const saved = await document.resolve(merged, theirs)
    setBusy(false)
    if (saved || document.save?.kind !== 'conflict') return onClose()
    // It was changed once more: what was chosen so far is compared with that.
    toast.failed(new TextError('editor.changedAgain', { name: document.name }))
    setTheirs(await document.theirs().catch(() => null))
  }
  return (
    <section
      aria-label={t('editor.compare')}
      className="absolute inset-0 z-10 flex flex-col bg-surface [&_.cm-mergeView]:h-full [&_.cm-mergeView]:overflow-auto"
    >
      <div className="flex shrink-0 flex-wrap items-center gap-1.5 border-line border-b bg-ground px-3 py-1.5 text-xs">
        <span className="flex-1 font-semibold">{t('editor.theirs')}</span>
        <span className="flex-1 font-semibold">{t('editor.mine')}</span>
        <Button size="small" look="primary" busy={busy} disabled={!theirs} onClick={() => void save()}>
          {t('editor.saveMerged')}
        </Button>
        <Button size="small" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
      <div ref={parent} className="min-h-0 flex-1" />
    </section>
  )
}
