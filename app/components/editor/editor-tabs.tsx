'use client'

import { X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenDocument } from '../../editor/document'
import type { Group } from '../../editor/groups'
import type { OpenFiles } from '../../editor/open-files'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import { useStore } from '../../terminal/use-store'
import { InFile } from '../together/people'
import { useFocusHome } from '../ui/focus-home'
import { draggedTab } from './tab-drop'

/** The open files. Arrows walk through them, Delete closes one, Enter goes into its text. */
export function EditorTabs({
  files,
  group: { documents, active },
  label,
  panelId,
  onClose,
}: {
  files: OpenFiles
  group: Group<OpenDocument>
  label: string
  panelId: string
  onClose: (document: OpenDocument) => void
}) {
  return (
    <div
      role="tablist"
      aria-label={label}
      className="flex min-w-0 flex-1 items-stretch gap-px overflow-x-auto [scrollbar-width:none]"
    >
      {documents.map((document) => (
        <EditorTab
          key={document.path}
          files={files}
          document={document}
          selected={document === active}
          panelId={panelId}
          onClose={() => onClose(document)}
        />
      ))}
    </div>
  )
}

function EditorTab({
  files,
  document,
  selected,
  panelId,
  onClose,
}: {
  files: OpenFiles
  document: OpenDocument
  selected: boolean
  panelId: string
  onClose: () => void
}) {
  const t = useTranslations()
  const status = useStore(document.status)
  const whole = useRef<HTMLDivElement>(null)
  const home = useFocusHome()
  const name = oneLine(document.name)
  const unsaved = status.kind === 'open' && status.save.kind !== 'saved'
  useEffect(() => {
    if (selected) whole.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [selected])
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const list = event.currentTarget.closest('[role=tablist]')
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      files.step(event.key === 'ArrowRight' ? 1 : -1)
      // The text of the other takes the focus when it is drawn.
      setTimeout(() => list?.querySelector<HTMLElement>('[aria-selected=true]')?.focus())
    } else if (event.key === 'Delete') onClose()
    else if (event.key === 'ArrowDown' || event.key === 'Enter') home.focus()
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={whole}
      className={cn(
        'group relative flex max-w-56 shrink-0 items-center border-b-2',
        selected ? 'border-accent bg-surface' : 'border-transparent',
      )}
    >
      <button
        type="button"
        role="tab"
        aria-selected={selected}
        aria-controls={selected ? panelId : undefined}
        tabIndex={selected ? 0 : -1}
        title={oneLine(document.path, 400)}
        draggable
        onDragStart={({ dataTransfer }) => {
          dataTransfer.setData(draggedTab, document.path)
          dataTransfer.effectAllowed = 'move'
        }}
        onClick={() => {
          files.activate(document)
          home.focus()
        }}
        onAuxClick={(event) => event.button === 1 && onClose()}
        onKeyDown={onKey}
        className={cn(
          'flex h-full min-w-0 items-center gap-1.5 py-1 pr-7 pl-3 text-xs outline-offset-[-2px]',
          selected ? 'text-ink' : 'text-muted hover:text-ink',
        )}
      >
        {unsaved && (
          <span
            role="img"
            aria-label={t('editor.save.unsaved')}
            className="size-1.5 shrink-0 rounded-full bg-warn"
          />
        )}
        <span className="truncate whitespace-pre">{name}</span>
        <InFile path={document.path} />
      </button>
      <button
        type="button"
        tabIndex={-1}
        // A tab list may hold tabs only. By keyboard Delete does this, by touch the button at the end of the bar.
        aria-hidden
        title={t('editor.closeName', { name })}
        onClick={onClose}
        className={cn(
          'absolute right-1 grid size-5 place-items-center rounded text-muted hover:bg-hover hover:text-ink',
          !selected && 'opacity-0 group-hover:opacity-100 pointer-coarse:opacity-100',
        )}
      >
        <X aria-hidden className="size-3.5" />
      </button>
    </div>
  )
}
