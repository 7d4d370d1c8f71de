'use client'

import {
  ClipboardPaste,
  Copy,
  CopyMinus,
  Download,
  FilePlus,
  FolderOpen,
  FolderPlus,
  Pencil,
  RefreshCw,
  Scissors,
  Trash2,
  Upload,
} from 'lucide-react'
import type { ComponentType } from 'react'
import { useTranslations } from 'use-intl'
import { download } from '../../files/client'
import type { FileTreeModel, Held } from '../../files/file-tree'
import { nameOf } from '../../files/paths'
import type { EntryRow } from '../../files/rows'
import { useStore } from '../../terminal/use-store'

export interface FileAction {
  readonly icon: ComponentType<{ 'aria-hidden'?: boolean }>
  readonly name: string
  readonly act: () => void
  readonly danger?: boolean
  /** There is nothing that it could act on. */
  readonly disabled?: boolean
  readonly lineBefore?: boolean
  /** For who may only look as well. */
  readonly looks?: true
}

interface Given {
  readonly model: FileTreeModel
  readonly selected: EntryRow | undefined
  readonly create: (type: 'file' | 'directory') => void
  readonly upload: () => void
  readonly open: (row: EntryRow) => void
  readonly paste: (held: Held) => void
  readonly remove: (row: EntryRow) => void
  readonly removeForGood: (row: EntryRow) => void
  readonly emptyTrash: () => void
}

/** What can be done with the selected entry, and with all files. */
export function useFileActions({ model, selected, create, upload, open, paste, ...given }: Given) {
  const t = useTranslations()
  const held = useStore(model.held)
  const disabled = selected === undefined
  const save = (path: string, type: EntryRow['entry']['type']) =>
    download(
      model.client.downloadUrl(path, type),
      type === 'directory' ? `${nameOf(path)}.tar` : nameOf(path),
    )
  const hold = (how: Held['how']) => () => selected && model.held.set({ path: selected.entry.path, how })
  const actions: readonly FileAction[] = [
    { icon: FilePlus, name: t('files.newFile'), act: () => create('file') },
    { icon: FolderPlus, name: t('files.newFolder'), act: () => create('directory') },
    { icon: Upload, name: t('files.upload'), act: upload },
    {
      ...{ icon: FolderOpen, name: t('files.open'), disabled, lineBefore: true, looks: true },
      act: () => {
        if (!selected) return
        if (selected.expanded === null) open(selected)
        else void model.expand(selected.entry.path)
      },
    },
    {
      ...{ icon: Download, name: t('files.download'), disabled, looks: true },
      act: () => selected && save(selected.entry.path, selected.entry.type),
    },
    { icon: Scissors, name: t('files.cut'), disabled, act: hold('cut') },
    { icon: Copy, name: t('files.copy'), disabled, act: hold('copy') },
    {
      ...{ icon: ClipboardPaste, name: t('files.paste'), disabled: held === null },
      act: () => held && paste(held),
    },
    {
      ...{ icon: Pencil, name: t('files.rename'), disabled },
      act: () => selected && model.naming.set({ kind: 'rename', path: selected.entry.path }),
    },
    {
      ...{ icon: Trash2, name: t('files.delete'), disabled },
      act: () => selected && given.remove(selected),
    },
    {
      ...{ icon: Trash2, name: t('files.deleteForGood'), disabled, danger: true },
      act: () => selected && given.removeForGood(selected),
    },
  ]
  const general: readonly FileAction[] = [
    {
      ...{ icon: Download, name: t('files.downloadAll'), lineBefore: true, looks: true },
      act: () => save(model.root, 'directory'),
    },
    { icon: Trash2, name: t('files.emptyTrash'), act: given.emptyTrash },
    { icon: CopyMinus, name: t('files.collapseAll'), act: () => model.collapseAll(), looks: true },
    { icon: RefreshCw, name: t('files.refresh'), act: () => void model.refresh(true), looks: true },
  ]
  const allowed = (all: readonly FileAction[]) => all.filter(({ looks }) => looks || !model.looking)
  return {
    /** What the pane has buttons for. */
    buttons: allowed(actions.slice(0, 3)),
    others: allowed(actions.slice(3)),
    general: allowed(general),
  }
}
