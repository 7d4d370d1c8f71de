'use client'

import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { FilesClient } from '../../files/client'
import { bytes, oneLine } from '../../lib/format'
import { useExplain } from '../../lib/use-explain'
import type { Viewer } from '../../viewers/kind'
import { Notice } from '../ui/notice'
import { SkeletonRows } from '../ui/states'

/** Larger ones are downloaded instead. */
export const viewedBytesMax = 50 * 1024 * 1024

/** A picture or a PDF, as the browser shows it. Pictures run no scripts, also where they are SVG. */
export default function BytesViewer({
  path,
  name,
  viewer: { kind, type },
  client,
  version,
}: {
  path: string
  name: string
  viewer: Viewer
  client: Pick<FilesClient, 'readIfChanged'>
  /** Changes when the file has changed, and is read again. */
  version: number
}) {
  const t = useTranslations()
  const explain = useExplain()
  const [url, setUrl] = useState<string | null>(null)
  const [sizeBytes, setSizeBytes] = useState(0)
  const [pixels, setPixels] = useState('')
  const [error, setError] = useState<unknown>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is read
  useEffect(() => {
    let stale = false
    let made: string | null = null
    const read = async () => {
      const content = await client.readIfChanged(path, null, viewedBytesMax)
      if (stale || content === 'same') return
      if (content.bytes === null) throw new Error(t('viewers.tooLarge'))
      made = URL.createObjectURL(new Blob([content.bytes.slice()], { type }))
      setSizeBytes(content.sizeBytes)
      setUrl(made)
      setError(null)
    }
    read().catch((failure: unknown) => stale || setError(failure))
    return () => {
      stale = true
      if (made !== null) URL.revokeObjectURL(made)
    }
  }, [path, type, client, version])
  if (error !== null) {
    return (
      <div className="p-3">
        <Notice tone="bad">{explain(error)}</Notice>
      </div>
    )
  }
  if (url === null) return <SkeletonRows rows={3} />
  if (kind === 'pdf') return <iframe title={oneLine(name)} src={url} className="min-h-0 w-full flex-1" />
  return (
    <>
      <div className="grid min-h-0 flex-1 place-items-center overflow-auto bg-[repeating-conic-gradient(var(--line)_0_25%,transparent_0_50%)] bg-[length:1rem_1rem] p-4">
        {/* biome-ignore lint/performance/noImgElement: a blob is not Next's to make smaller */}
        <img
          src={url}
          alt={oneLine(name)}
          className="max-h-full max-w-full bg-surface"
          onLoad={({ currentTarget }) =>
            setPixels(`${currentTarget.naturalWidth} × ${currentTarget.naturalHeight}`)
          }
          onError={() => setError(new Error(t('viewers.notAnImage')))}
        />
      </div>
      <footer className="tabular flex h-7 shrink-0 items-center gap-4 border-line border-t bg-ground px-3 text-muted text-xs">
        <span>{pixels}</span>
        <span>{bytes(sizeBytes)}</span>
      </footer>
    </>
  )
}
