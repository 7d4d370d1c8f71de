'use client'

import { type KeyboardEvent, useRef } from 'react'
import type { FileTreeModel, Held } from '../../files/file-tree'
import type { EntryRow, Row } from '../../files/rows'
import type { Trashed } from '../../files/trash'

type Step =
  | 'down'
  | 'up'
  | 'first'
  | 'last'
  | 'pageDown'
  | 'pageUp'
  | 'in'
  | 'out'
  | 'open'
  | 'rename'
  | 'remove'

const steps: Readonly<Record<string, Step>> = {
  ArrowDown: 'down',
  ArrowUp: 'up',
  Home: 'first',
  End: 'last',
  PageDown: 'pageDown',
  PageUp: 'pageUp',
  ArrowRight: 'in',
  ArrowLeft: 'out',
  Enter: 'open',
  ' ': 'open',
  F2: 'rename',
  Delete: 'remove',
}

/** Letters that follow each other faster than this are one name. */
const typeAheadMs = 700

interface Keys {
  readonly model: FileTreeModel
  readonly rows: readonly Row[]
  /** Of the selected row; -1 for none. */
  readonly selectedAt: number
  readonly pageRows: () => number
  readonly activate: (row: EntryRow) => void
  readonly remove: (row: EntryRow, forGood: boolean) => void
  readonly undo: (trashed: Trashed) => void
  readonly paste: (held: Held) => void
}

/** The keys of a tree, as the ARIA Authoring Practices give them, with F2 and Delete as in a file manager. */
export function useTreeKeys({ model, rows, selectedAt, pageRows, activate, remove, undo, paste }: Keys) {
  const typed = useRef({ text: '', at: 0 })

  /** Selects the entry at `index`, or the first after it in this direction. */
  const select = (index: number, by: 1 | -1) => {
    for (let at = index; at >= 0 && at < rows.length; at += by) {
      const row = rows[at]
      if (row?.kind === 'entry') return model.selected.set(row.entry.path)
    }
  }
  const typeAhead = (key: string) => {
    const now = performance.now()
    const text = (now - typed.current.at < typeAheadMs ? typed.current.text : '') + key.toLocaleLowerCase()
    typed.current = { text, at: now }
    const from = text.length > 1 ? Math.max(0, selectedAt) : selectedAt + 1
    const order = [...rows.slice(from), ...rows.slice(0, from)]
    const found = order.find(
      (row) => row.kind === 'entry' && row.entry.name.toLocaleLowerCase().startsWith(text),
    )
    if (found?.kind === 'entry') model.selected.set(found.entry.path)
  }
  /** Cut, copy, paste, and undo of a deletion. @returns whether the key is one of them */
  const hold = (key: string, here: EntryRow | undefined): boolean => {
    const held = model.held.get()
    const trashed = model.lastTrashed.get()
    if (key === 'z' && trashed) undo(trashed)
    else if (key === 'v' && held) paste(held)
    else if ((key === 'x' || key === 'c') && here) {
      model.held.set({ path: here.entry.path, how: key === 'x' ? 'cut' : 'copy' })
    } else return false
    return true
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.target !== event.currentTarget) return
    const row = rows[selectedAt]
    const here = row?.kind === 'entry' ? row : undefined
    if (event.ctrlKey || event.metaKey) {
      if (!event.shiftKey && !model.looking && hold(event.key, here)) event.preventDefault()
      return
    }
    const acts: Record<Step, () => void> = {
      down: () => select(selectedAt + 1, 1),
      up: () => select(Math.max(0, selectedAt - 1), -1),
      first: () => select(0, 1),
      last: () => select(rows.length - 1, -1),
      pageDown: () => select(Math.min(rows.length - 1, selectedAt + pageRows()), -1),
      pageUp: () => select(Math.max(0, selectedAt - pageRows()), 1),
      in: () => {
        if (here?.expanded === false) void model.expand(here.entry.path)
        else if (here?.expanded) select(selectedAt + 1, 1)
      },
      out: () => {
        if (here?.expanded) model.collapse(here.entry.path)
        else if (here && here.level > 1) model.selected.set(here.parent)
      },
      open: () => here && activate(here),
      rename: () => here && !model.looking && model.naming.set({ kind: 'rename', path: here.entry.path }),
      remove: () => here && !model.looking && remove(here, event.shiftKey),
    }
    const step = steps[event.key]
    if (step) acts[step]()
    else if (Array.from(event.key).length === 1) typeAhead(event.key)
    else return
    event.preventDefault()
  }
  return { onKeyDown, selectFirst: () => select(0, 1) }
}
