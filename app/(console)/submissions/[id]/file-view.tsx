'use client'

import { Download } from 'lucide-react'
import dynamic from 'next/dynamic'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { languageOf } from '../../../editor/language'
import { transfer } from '../../../lib/api'
import { bytes, oneLine } from '../../../lib/format'
import type { SubmissionFile } from '../../../lib/protocol-submissions'
import { viewerOf } from '../../../viewers/kind'

const CodeEditor = dynamic(() => import('../../runs/code-editor').then((loaded) => loaded.CodeEditor), {
  ssr: false,
  loading: () => <SkeletonRows rows={3} />,
})
const BytesViewer = dynamic(() => import('../../../components/viewers/bytes-viewer'), { ssr: false })
const Markdown = dynamic(() =>
  import('../../../components/viewers/markdown').then((loaded) => loaded.Markdown),
)
const Table = dynamic(() => import('../../../components/viewers/table').then((loaded) => loaded.Table), {
  ssr: false,
})
const Notebook = dynamic(
  () => import('../../../components/viewers/notebook').then((loaded) => loaded.Notebook),
  { ssr: false },
)

/** More than anybody reads in a page. */
const shownBytesMax = 1024 * 1024

/** How the lines of a file are shown. */
export interface ShownLines {
  /** Those with comments. */
  readonly marked: readonly number[]
  /** The one to go to. */
  readonly shown: { readonly line: number } | undefined
  readonly onLine: (line: number) => void
}

/** One file of a hand-in: as what it means, where the page knows that, or as text. */
export function FileView({ id, file, lines }: { id: string; file: SubmissionFile; lines: ShownLines }) {
  const t = useTranslations()
  const [asText, setAsText] = useState(false)
  const name = file.path.split('/').at(-1) ?? file.path
  const viewer = viewerOf(name)
  const path = `/submissions/${id}/file?${new URLSearchParams({ path: file.path })}`
  const drawn = viewer !== null && viewer.kind !== 'image' && viewer.kind !== 'pdf'
  return (
    <div className="flex h-[55vh] min-w-0 flex-col md:h-[70vh]">
      <div className="flex min-h-10 items-center gap-2 border-line border-b bg-ground py-1 pr-2 pl-3">
        <h3 className="min-w-0 flex-1 truncate font-mono text-xs">
          {oneLine(file.path, 200)}
          {file.executable && <span className="ml-2 font-sans text-muted">{t('handIns.executable')}</span>}
        </h3>
        {drawn && (
          <Button look="quiet" size="small" aria-pressed={asText} onClick={() => setAsText(!asText)}>
            {t('handIns.asText')}
          </Button>
        )}
        {file.type === 'file' && (
          <Button asChild look="quiet" size="iconSmall">
            <a href={`/api/v1${path}`} download={name} aria-label={t('handIns.downloadOne', { name })}>
              <Download />
            </a>
          </Button>
        )}
      </div>
      {file.target !== null ? (
        <Said>{t('handIns.leads', { target: oneLine(file.target, 500) })}</Said>
      ) : viewer !== null && !drawn ? (
        <Pictured path={path} name={name} file={file} />
      ) : file.sizeBytes > shownBytesMax ? (
        <Said>{t('handIns.tooLong', { size: bytes(file.sizeBytes) })}</Said>
      ) : (
        <Read path={path} name={name} kind={asText ? null : (viewer?.kind ?? null)} lines={lines} />
      )}
    </div>
  )
}

function Said({ children }: { children: ReactNode }) {
  return <p className="break-words p-4 text-muted">{children}</p>
}

/** A picture or a PDF, by the viewer of files of a sandbox. */
function Pictured({ path, name, file }: { path: string; name: string; file: SubmissionFile }) {
  const viewer = viewerOf(name)
  const client = useMemo(
    () => ({
      readIfChanged: async () => {
        const content = new Uint8Array(await (await transfer(path)).arrayBuffer())
        return { bytes: content, sizeBytes: content.length, version: file.digest }
      },
    }),
    [path, file.digest],
  )
  return viewer && <BytesViewer path={path} name={name} viewer={viewer} client={client} version={0} />
}

/** @param kind as what a text is drawn; null: as text */
function Read({
  path,
  name,
  kind,
  lines,
}: {
  path: string
  name: string
  kind: string | null
  lines: ShownLines
}) {
  const t = useTranslations()
  const [text, setText] = useState<string | null>()
  const [error, setError] = useState<unknown>(null)
  const [tries, setTries] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever tries again reads again
  useEffect(() => {
    let stale = false
    setError(null)
    readText(path).then(
      (read) => stale || setText(read),
      (failure: unknown) => stale || setError(failure),
    )
    return () => {
      stale = true
    }
  }, [path, tries])
  if (error !== null) return <Failed error={error} retry={() => setTries(tries + 1)} />
  if (text === undefined) return <SkeletonRows rows={3} />
  if (text === null) return <Said>{t('handIns.noText')}</Said>
  if (text === '') return <Said>{t('handIns.empty')}</Said>
  if (kind === 'table') return <Table text={text} name={name} />
  if (kind === 'markdown' || kind === 'notebook') {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
      <div tabIndex={0} className="min-h-0 flex-1 overflow-y-auto">
        {kind === 'notebook' ? (
          <Notebook text={text} />
        ) : (
          <div className="mx-auto max-w-3xl p-5">
            <Markdown text={text} />
          </div>
        )}
      </div>
    )
  }
  const language = languageOf(name, text.slice(0, 200).split('\n')[0])
  return (
    <div className="min-h-0 flex-1">
      <CodeEditor label={oneLine(name)} language={language.name} value={text} {...lines} />
    </div>
  )
}

/** @returns null for what is no text @throws ApiError */
async function readText(path: string): Promise<string | null> {
  const content = await (await transfer(path)).arrayBuffer()
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    return text.includes('\0') ? null : text
  } catch {
    // Not UTF-8: an image, or a program.
    return null
  }
}
