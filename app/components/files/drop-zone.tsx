'use client'

import { type DragEvent, type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { type Upload, uploadsOf } from '../../files/uploads'
import { oneLine } from '../../lib/format'
import { useToast } from '../ui/toast'

/** What a row of the tree carries while it is dragged: its path. */
export const draggedPath = 'application/x-cloche-path'

interface Over {
  readonly directory: string
  /** An entry of the tree, not files of this device. */
  readonly moves: boolean
}

/** The pane of files, onto which files can be dropped. The button Upload files does the same without a pointer. */
export function DropZone({
  enabled,
  directoryOf,
  onDrop,
  onMove,
  children,
}: {
  enabled: boolean
  /** Where something goes that is dropped on the entry with this path; undefined is no entry. */
  directoryOf: (path: string | undefined) => string
  onDrop: (directory: string, uploads: readonly Upload[]) => void
  /** An entry of the tree was dropped onto a directory. */
  onMove: (path: string, directory: string) => void
  children: ReactNode
}) {
  const t = useTranslations()
  const [over, setOver] = useState<Over | null>(null)
  const toast = useToast()
  const directoryAt = ({ target }: DragEvent): string => {
    const item = target instanceof Element ? target.closest<HTMLElement>('[role=treeitem]') : null
    return directoryOf(item?.dataset.path)
  }
  return (
    <section
      aria-label={t('files.files')}
      data-own-keys
      className="relative flex h-full min-h-0 flex-col bg-ground"
      onDragOver={(event) => {
        const moves = event.dataTransfer.types.includes(draggedPath)
        if (!enabled || !(moves || event.dataTransfer.types.includes('Files'))) return
        event.preventDefault()
        event.dataTransfer.dropEffect = moves ? 'move' : 'copy'
        setOver({ directory: directoryAt(event), moves })
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(null)
      }}
      onDrop={(event) => {
        if (!enabled) return
        event.preventDefault()
        setOver(null)
        const directory = directoryAt(event)
        const path = event.dataTransfer.getData(draggedPath)
        if (path !== '') return onMove(path, directory)
        uploadsOf(event.dataTransfer).then((found) => onDrop(directory, found), toast.failed)
      }}
    >
      {children}
      {over !== null && (
        <div className="pointer-events-none absolute inset-1 grid place-content-end rounded-md border-2 border-accent border-dashed p-2">
          <p className="rounded bg-raised px-2 py-1 text-xs shadow-pop">
            {t(over.moves ? 'files.moveTo' : 'files.uploadTo', { directory: oneLine(over.directory, 60) })}
          </p>
        </div>
      )}
    </section>
  )
}
