'use client'

import { MergeView, unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { FilePen, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { languageOf } from '../../editor/language'
import { look } from '../../editor/look'
import { phrasesIn } from '../../editor/phrases'
import { syntaxOf } from '../../editor/syntax'
import { decodeText, editableBytesMax } from '../../editor/text'
import type { FilesClient } from '../../files/client'
import { nameOf } from '../../files/paths'
import type { Compared } from '../../git/source-control'
import { ApiError } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { useExplain } from '../../lib/use-explain'
import { Button } from '../ui/button'
import { Notice } from '../ui/notice'
import { Tip } from '../ui/tip'

/** Side by side from this width on. */
const sideBySidePx = 720

interface Texts {
  readonly before: string
  readonly after: string
}

/** What changed in a file, line by line. */
export default function DiffView({
  compared,
  client,
  onOpen,
  onClose,
}: {
  compared: Compared
  client: FilesClient
  onOpen: (path: string) => void
  onClose: () => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const [texts, setTexts] = useState<Texts | 'binary' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const { repository, change, staged } = compared
  const path = `${repository.root}/${change.path}`
  useEffect(() => {
    let stale = false
    setError(null)
    textsOf(compared, client)
      .then((read) => stale || setTexts(read))
      .catch((failure: unknown) => stale || setError(failure))
    return () => {
      stale = true
    }
  }, [compared, client])
  return (
    <section aria-label={t('git.diff')} className="flex h-full min-h-0 flex-col bg-surface">
      <div className="flex h-10 shrink-0 items-center gap-1 border-line border-b bg-ground pr-1 pl-3">
        <h2 className="min-w-0 flex-1 truncate text-xs">
          <span className="font-semibold">{oneLine(nameOf(change.path))}</span>{' '}
          <span className="text-muted">{staged ? t('git.diffStaged') : t('git.diffUnstaged')}</span>
        </h2>
        {change.kind !== 'deleted' && (
          <Tip text={t('git.openFile')}>
            <Button look="quiet" size="iconSmall" aria-label={t('git.openFile')} onClick={() => onOpen(path)}>
              <FilePen />
            </Button>
          </Tip>
        )}
        <Tip text={t('git.closeDiff')}>
          <Button look="quiet" size="iconSmall" aria-label={t('git.closeDiff')} onClick={onClose}>
            <X />
          </Button>
        </Tip>
      </div>
      {error !== null && (
        <div className="p-3">
          <Notice tone="bad">{explain(error)}</Notice>
        </div>
      )}
      {texts === 'binary' && <p className="p-4 text-muted">{t('git.diffBinary')}</p>}
      {texts !== null && texts !== 'binary' && <Differences texts={texts} name={nameOf(change.path)} />}
    </section>
  )
}

function Differences({ texts: { before, after }, name }: { texts: Texts; name: string }) {
  const t = useTranslations()
  const parent = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = parent.current
    if (!element) return
    let view: { destroy(): void } | undefined
    let stale = false
    void syntaxOf(languageOf(name, after.slice(0, 200)).name).then((syntax) => {
      if (stale) return
      const still = (label: string) => [
        ...[lineNumbers(), look, syntax, EditorState.readOnly.of(true), EditorView.lineWrapping],
        EditorState.phrases.of(phrasesIn(t)),
        EditorView.contentAttributes.of({ 'aria-label': label }),
      ]
      const collapseUnchanged = { margin: 3, minSize: 6 }
      view =
        element.clientWidth >= sideBySidePx
          ? new MergeView({
              ...{
                parent: element,
                a: { doc: before, extensions: still(t('git.before')) },
                b: { doc: after, extensions: still(t('git.after')) },
              },
              collapseUnchanged,
            })
          : new EditorView({
              parent: element,
              doc: after,
              extensions: [
                still(t('git.after')),
                unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged }),
              ],
            })
    })
    return () => {
      stale = true
      view?.destroy()
    }
  }, [before, after, name, t])
  return <div ref={parent} className="min-h-0 flex-1 overflow-auto" />
}

async function textsOf(
  { repository, change, staged }: Compared,
  client: FilesClient,
): Promise<Texts | 'binary'> {
  const old = change.from ?? change.path
  const [before, after] = await Promise.all([
    repository.content(staged ? 'HEAD' : '', staged ? old : change.path),
    staged ? repository.content('', change.path) : onDisk(client, `${repository.root}/${change.path}`),
  ])
  return after === null || before.includes('\0') || after.includes('\0') ? 'binary' : { before, after }
}

/** @returns null for what is no text; nothing for what is not there */
async function onDisk(client: FilesClient, path: string): Promise<string | null> {
  if (path.endsWith('/')) return ''
  try {
    const read = await client.readIfChanged(path, null, editableBytesMax)
    return read === 'same' || read.bytes === null ? null : decodeText(read.bytes)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_found') return ''
    throw error
  }
}
