'use client'

import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useToast } from '../../../components/ui/toast'
import { type Upload, uploadsOf } from '../../../files/uploads'

/** A place onto which files and directories can be dropped. A button does the same for files without a pointer. */
export function FileDrop({
  enabled,
  onDrop,
  children,
}: {
  enabled: boolean
  onDrop: (uploads: readonly Upload[]) => void
  children: ReactNode
}) {
  const t = useTranslations()
  const toast = useToast()
  const [over, setOver] = useState(false)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button above it does the same
    <div
      className="relative"
      onDragOver={(event) => {
        if (!enabled || !event.dataTransfer.types.includes('Files')) return
        event.preventDefault()
        event.dataTransfer.dropEffect = 'copy'
        setOver(true)
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false)
      }}
      onDrop={(event) => {
        if (!enabled) return
        event.preventDefault()
        setOver(false)
        uploadsOf(event.dataTransfer).then(
          (found) => found.length > 0 && onDrop(found),
          (failure: unknown) => toast.failed(failure),
        )
      }}
    >
      {children}
      {over && (
        <div className="pointer-events-none absolute inset-1 grid place-content-center rounded-md border-2 border-accent border-dashed">
          <p className="rounded bg-raised px-2 py-1 text-xs shadow-pop">{t('assignmentPage.drop')}</p>
        </div>
      )}
    </div>
  )
}
