'use client'

import type { Transaction } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { Users } from 'lucide-react'
import { type RefObject, useContext, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenDocument } from '../../editor/document'
import { oneLine } from '../../lib/format'
import { Store } from '../../terminal/store'
import { useStore } from '../../terminal/use-store'
import type { Shared } from '../../together/share'
import { OthersContext, TogetherContext } from '../together/people'

/** The text of an editor, as far as others have it too. */
export class SharedView {
  readonly state = new Store<'alone' | 'shared' | 'too large'>('alone')
  #shared: Shared | null = null

  /** What was done in the editor. */
  took(transactions: readonly Transaction[]): void {
    this.#shared?.took(transactions)
  }

  begin(shared: Shared): void {
    this.#shared = shared
    this.state.set('shared')
  }

  end(): void {
    this.#shared?.stop()
    this.#shared = null
    this.state.set('alone')
  }
}

/**
 * Shares the text of an editor with the other windows that show the same file, once there is one. It stays shared as long as
 * the editor is there: another window may only have lost its line, and come back.
 *
 * @param renewed changes when the view has another state
 */
export function useShared(
  document: OpenDocument,
  view: RefObject<EditorView | null>,
  renewed: number,
): SharedView {
  const [shared] = useState(() => new SharedView())
  const together = useContext(TogetherContext)
  const others = useContext(OthersContext)
  const status = useStore(document.status)
  const state = useStore(shared.state)
  const [failed, setFailed] = useState(false)
  const there = others.filter(({ files }) => files.includes(document.path))
  const withTypist = there.length > 0 && (!document.looking || there.some(({ mayType }) => mayType))
  const save = status.kind === 'open' ? status.save.kind : null
  const able = state === 'shared' || (withTypist && save !== null && save !== 'conflict')
  // Who only looks goes on with the disk when nobody is there who could change the text.
  const wanted = able && !failed && (withTypist || !document.looking)

  useEffect(() => {
    if (save === 'saved') setFailed(false)
  }, [save])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a view that was renewed is shared anew
  useEffect(() => {
    if (!together || !wanted) return
    let stale = false
    void import('../../together/share').then(({ share }) => {
      if (stale || !view.current) return
      const begun = share(document, view.current, together, () => {
        shared.end()
        setFailed(true)
      })
      if (begun === 'too large') shared.state.set('too large')
      else if (begun) shared.begin(begun)
    })
    return () => {
      stale = true
      shared.end()
    }
  }, [together, wanted, document, view, shared, renewed])
  return shared
}

/** With whom a text is edited. */
export function SharedStatus({ of: shared, path }: { of: SharedView; path: string }) {
  const t = useTranslations()
  const state = useStore(shared.state)
  const there = useContext(OthersContext).filter(({ files }) => files.includes(path))
  if (state === 'too large') return <span>{t('together.tooLarge')}</span>
  if (state === 'alone' || there.length === 0) return null
  const names = there.map(({ name }) => oneLine(name, 40) || t('together.somebody')).join(t('common.comma'))
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <Users aria-hidden className="size-3.5 shrink-0" />
      <span className="truncate">{t('together.editedWith', { names })}</span>
    </span>
  )
}
