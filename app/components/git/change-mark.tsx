'use client'

import { createContext, useContext } from 'react'
import { useTranslations } from 'use-intl'
import type { ChangeKind } from '../../git/status'
import { cn } from '../../lib/cn'

/** As git abbreviates them. */
const letters: Readonly<Record<ChangeKind, string>> = {
  ...{ modified: 'M', added: 'A', deleted: 'D', renamed: 'R', copied: 'C', type: 'T', untracked: 'U' },
  conflict: '!',
}

const looks: Readonly<Partial<Record<ChangeKind, string>>> = {
  ...{ added: 'text-accent', untracked: 'text-accent', deleted: 'text-bad', conflict: 'text-bad' },
}

/** What happened to a file: git's letter for it, and the word for screen readers. */
export function ChangeMark({ kind }: { kind: ChangeKind }) {
  const t = useTranslations()
  const word = t(`git.kinds.${kind}`)
  return (
    <span title={word} className={cn('w-3 shrink-0 font-mono text-xs', looks[kind] ?? 'text-warn')}>
      <span aria-hidden>{letters[kind]}</span>
      <span className="sr-only">{word}</span>
    </span>
  )
}

/** What git says of files, by their absolute paths. */
export const ChangesContext = createContext<ReadonlyMap<string, ChangeKind>>(new Map())

/** The mark of a file or directory in the tree; nothing where nothing changed. */
export function ChangeMarkOf({ path }: { path: string }) {
  const kind = useContext(ChangesContext).get(path)
  return kind === undefined ? null : <ChangeMark kind={kind} />
}
