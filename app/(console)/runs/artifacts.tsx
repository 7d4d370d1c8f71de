'use client'

import { Download } from 'lucide-react'
import { Button } from '../../components/ui/button'
import { bytes, oneLine } from '../../lib/format'
import type { Artifact } from '../../lib/protocol'
import { bytesOf } from './text'

/** Files that a run handed back. */
export function Artifacts({ artifacts }: { artifacts: readonly Artifact[] }) {
  if (artifacts.length === 0) return null
  return (
    <section aria-label="Artifacts" className="grid gap-1">
      <h3 className="font-medium">Artifacts</h3>
      <ul className="grid gap-1">
        {artifacts.map((artifact) => (
          <li key={artifact.path} className="flex min-w-0 items-center gap-3 text-xs">
            <span className="truncate font-mono">{oneLine(artifact.path, 200)}</span>
            <span className="text-muted">{sizeOf(artifact)}</span>
            {artifact.content !== null && (
              <Button size="small" onClick={() => save(artifact.path, artifact.content ?? '')}>
                <Download aria-hidden />
                Download
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function sizeOf({ sizeBytes, content }: Artifact): string {
  if (sizeBytes === null) return 'file not found'
  return content === null ? `${bytes(sizeBytes)}, too large to store` : bytes(sizeBytes)
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
