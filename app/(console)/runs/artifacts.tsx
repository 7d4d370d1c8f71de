'use client'

import { Download } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { bytes, oneLine } from '../../lib/format'
import type { Artifact } from '../../lib/protocol-runs'
import type { Translate } from '../../messages/texts'
import { bytesOf } from './text'

/** Files that a run handed back. */
export function Artifacts({ artifacts }: { artifacts: readonly Artifact[] }) {
  const t = useTranslations()
  if (artifacts.length === 0) return null
  return (
    <section aria-label={t('runs.artifacts')} className="grid gap-1">
      <h3 className="font-medium">{t('runs.artifacts')}</h3>
      <ul className="grid gap-1">
        {artifacts.map((artifact) => (
          <li key={artifact.path} className="flex min-w-0 items-center gap-3 text-xs">
            <span className="truncate font-mono">{oneLine(artifact.path, 200)}</span>
            <span className="text-muted">{sizeOf(artifact, t)}</span>
            {artifact.content !== null && (
              <Button size="small" onClick={() => save(artifact.path, artifact.content ?? '')}>
                <Download aria-hidden />
                {t('runs.download')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function sizeOf({ sizeBytes, content }: Artifact, t: Translate): string {
  if (sizeBytes === null) return t('runs.fileNotFound')
  return content === null ? t('runs.tooLarge', { size: bytes(sizeBytes) }) : bytes(sizeBytes)
}

/** Bytes of no type, so that no browser opens what a program wrote. */
function save(path: string, content: string): void {
  const blob = new Blob([new Uint8Array(bytesOf(content))], { type: 'application/octet-stream' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = path.split('/').at(-1) ?? 'artifact'
  link.click()
  URL.revokeObjectURL(link.href)
}
