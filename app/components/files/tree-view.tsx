'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type RefObject, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { FileTreeModel, Held } from '../../files/file-tree'
import type { EntryRow, Naming, Row } from '../../files/rows'
import type { Trashed } from '../../files/trash'
import { cn } from '../../lib/cn'
import { useStore } from '../../terminal/use-store'
import { draggedPath } from './drop-zone'
import { NewName, RenameLine } from './name-input'
import { EntryLine, NoteLine } from './tree-row'
import { useTreeKeys } from './use-tree-keys'

export interface TreeActions {
  /** A file, or a link that may be one. */
  readonly open: (row: EntryRow) => void
  readonly remove: (row: EntryRow, forGood: boolean) => void
  readonly undo: (trashed: Trashed) => void
  /** A file was made here. */
  readonly created: (path: string) => void
  readonly renamed: (from: string, to: string) => void
  readonly paste: (held: Held) => void
}

interface Props extends TreeActions {
  readonly model: FileTreeModel
  readonly scroller: RefObject<HTMLDivElement | null>
}

/**
 * The tree (https://www.w3.org/WAI/ARIA/apg/patterns/treeview/). Only the lines that are in sight are in the document, so
 * the tree itself has the focus, and names the selected one.
 */
export function TreeView({ model, scroller, open, remove, undo, paste, created, renamed }: Props) {
  const t = useTranslations()
  const rows = useStore(model.rows)
  const selected = useStore(model.selected)
  const naming = useStore(model.naming)
  const held = useStore(model.held)
  const [rowPx] = useState(() => (window.matchMedia('(pointer: coarse)').matches ? 36 : 26))
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => keyOf(rows[index]),
    overscan: 12,
  })
  const selectedAt = rows.findIndex((row) => row.kind === 'entry' && row.entry.path === selected)
  const newAt = naming?.kind === 'new' ? rows.findIndex(({ kind }) => kind === 'new') : -1
  const shownAt = newAt >= 0 ? newAt : selectedAt
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows the selection, not the lines that come and go
  useEffect(() => {
    if (shownAt >= 0) virtual.scrollToIndex(shownAt)
  }, [selected, newAt])

  const activate = (row: EntryRow) => {
    if (row.expanded === null) open(row)
    else if (row.expanded) model.collapse(row.entry.path)
    else void model.expand(row.entry.path)
  }
  const { onKeyDown, selectFirst } = useTreeKeys({
    ...{ model, rows, selectedAt, activate, remove, undo, paste },
    pageRows: () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowPx) - 1),
  })
  const focusTree = () =>
    scroller.current?.querySelector<HTMLElement>('[role=tree]')?.focus({ preventScroll: true })

  /** @returns false when somebody who did not wait for the answer types another name by now, whose focus it is */
  const endNaming = (ended: Naming | null): boolean => {
    if (model.naming.get() !== ended) return false
    model.naming.set(null)
    return true
  }

  const lineOf = (row: Row, index: number, place: CSSProperties) => {
    if (row.kind === 'new') {
      const { type, parent, level } = row
      const create = async (name: string | null) => {
        const made = name === null ? null : await model.create(parent, name, type)
        if (!endNaming(naming)) return
        if (made && type === 'file') created(made.path)
        else focusTree()
      }
      return (
        <div key={keyOf(row)} role="none" style={place} className="absolute inset-x-0 top-0 z-10">
          <NewName type={type} level={level} onDone={create} />
        </div>
      )
    }
    if (row.kind !== 'entry') {
      return (
        <div key={keyOf(row)} role="none" style={place} className="absolute inset-x-0 top-0">
          <NoteLine row={row} retry={() => void model.refresh(true)} />
        </div>
      )
    }
    const isSelected = index === selectedAt
    const { path } = row.entry
    const renaming = naming?.kind === 'rename' && naming.path === path
    const rename = async (name: string | null) => {
      const to = name === null ? null : await model.rename(row, name)
      if (to !== null) renamed(path, to)
      if (endNaming(naming)) focusTree()
    }
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and names this as its active descendant
      // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the tree's
      <div
        key={path}
        role="treeitem"
        id={`file-${index}`}
        data-path={path}
        aria-level={row.level}
        aria-posinset={row.position}
        aria-setsize={row.siblings}
        aria-selected={isSelected}
        aria-expanded={row.expanded ?? undefined}
        style={place}
        className={cn(
          'absolute inset-x-0 top-0 cursor-pointer select-none',
          isSelected
            ? 'bg-hover group-focus/tree:bg-accent-soft group-focus-visible/tree:shadow-[inset_0_0_0_1px_var(--accent)]'
            : 'hover:bg-hover',
          renaming && 'z-10',
          held?.how === 'cut' && held.path === path && 'opacity-60',
        )}
        onClick={() => {
          if (renaming) return
          focusTree()
          model.selected.set(path)
          activate(row)
        }}
        onContextMenu={() => model.selected.set(path)}
        draggable={!renaming && !model.looking}
        onDragStart={({ dataTransfer }) => {
          dataTransfer.setData(draggedPath, path)
          dataTransfer.effectAllowed = 'move'
        }}
      >
        {renaming ? (
          <RenameLine name={row.entry.name} level={row.level} onDone={rename} />
        ) : (
          <EntryLine row={row} selected={isSelected} />
        )}
      </div>
    )
  }

  return (
    <div
      role="tree"
      // A tree without an entry says with this that it has none yet.
      aria-busy={!rows.some(({ kind }) => kind === 'entry')}
      aria-label={t('files.tree', { path: '/home/user' })}
      tabIndex={0}
      aria-activedescendant={selectedAt >= 0 ? `file-${selectedAt}` : undefined}
      onKeyDown={onKeyDown}
      onFocus={(event) => event.target === event.currentTarget && selected === null && selectFirst()}
      style={{ height: virtual.getTotalSize() }}
      className="group/tree relative min-h-full outline-none"
    >
      {virtual.getVirtualItems().map(({ index, start, size }) => {
        const row = rows[index]
        return row && lineOf(row, index, { transform: `translateY(${start}px)`, height: size })
      })}
    </div>
  )
}

function keyOf(row: Row | undefined): string {
  if (row?.kind === 'new') return `new ${row.serial}`
  return row?.kind === 'entry' ? row.entry.path : `${row?.kind} ${row?.parent}`
}
