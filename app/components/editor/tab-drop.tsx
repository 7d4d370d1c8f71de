'use client'

import { type DragEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenFiles } from '../../editor/open-files'
import { cn } from '../../lib/cn'

/** The type of what a tab of an open file is dragged as; the path of the file is its data. */
export const draggedTab = 'application/x-cloche-tab'

/** Covers a group while a tab is dragged: its text would take it otherwise. */
export function TabDrop({
  files,
  index,
  splits,
  onDone,
}: {
  files: OpenFiles
  index: number
  /** At the right a new group is made. */
  splits: boolean
  onDone: () => void
}) {
  const t = useTranslations()
  const drop = (group: number) => (path: string) => {
    const document = files.state.get().documents.find((one) => one.path === path)
    if (document) files.moveTo(document, group)
    onDone()
  }
  return (
    <div className="absolute inset-0 z-20 flex">
      <Zone label={t('editor.moveHere')} onDrop={drop(index)} />
      {splits && <Zone label={t('editor.moveBeside')} onDrop={drop(index + 1)} />}
    </div>
  )
}

function Zone({ label, onDrop }: { label: string; onDrop: (path: string) => void }) {
  const [over, setOver] = useState(false)
  const accept = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes(draggedTab)) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'move'
    setOver(true)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: by keyboard a command does the same
    <div
      className={cn(
        'grid flex-1 place-items-center border-2 border-dashed',
        over ? 'border-accent bg-accent-soft/80' : 'border-transparent',
      )}
      onDragEnter={accept}
      onDragOver={accept}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        event.stopPropagation()
        onDrop(event.dataTransfer.getData(draggedTab))
      }}
    >
      {over && <span className="pointer-events-none font-medium">{label}</span>}
    </div>
  )
}
