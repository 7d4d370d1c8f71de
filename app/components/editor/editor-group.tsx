'use client'

import { Download, Eye, FileLock2, Pencil, SquareTerminal, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { DocumentStatus, OpenDocument } from '../../editor/document'
import type { Group } from '../../editor/groups'
import type { OpenFiles } from '../../editor/open-files'
import { editableBytesMax } from '../../editor/text'
import { download, type FilesClient } from '../../files/client'
import { bytes, oneLine } from '../../lib/format'
import { useStore } from '../../terminal/use-store'
import { type Viewer, viewerOf } from '../../viewers/kind'
import { Button } from '../ui/button'
import { FocusHome, FocusHomeContext, useFocusHome } from '../ui/focus-home'
import { Empty, Failed, SkeletonRows } from '../ui/states'
import { Tip } from '../ui/tip'
import { EditorTabs } from './editor-tabs'
import { FileEditor } from './file-editor'
import { SaveProblem } from './save-status'

const TextViewer = dynamic(() => import('../viewers/text-viewer'), { ssr: false, loading: () => <Loading /> })
const ConflictView = dynamic(() => import('./conflict-view'), { ssr: false })
const BytesViewer = dynamic(() => import('../viewers/bytes-viewer'), {
  ssr: false,
  loading: () => <Loading />,
})

export interface EditorGroupProps {
  readonly files: OpenFiles
  readonly group: Group<OpenDocument>
  /** From 0, from the left. */
  readonly index: number
  readonly count: number
  readonly client: FilesClient
  /** Shows the terminal again, where the editor covers it; null where both are shown. */
  readonly onTerminal: (() => void) | null
  readonly onClose: (document: OpenDocument) => void
}

/** Open files that share a place, and the text of one of them. */
export function EditorGroup({ files, group, index, count, client, onTerminal, onClose }: EditorGroupProps) {
  const t = useTranslations()
  const [home] = useState(() => new FocusHome())
  const { focused } = useStore(files.state)
  const { active } = group
  return (
    <FocusHomeContext value={home}>
      <div
        data-focused-group={focused === index || count === 1 || undefined}
        className="relative flex h-full min-h-0 flex-col"
        onFocusCapture={() => count > 1 && files.focus(index)}
      >
        <div className="flex h-10 shrink-0 items-stretch border-line border-b bg-ground">
          <EditorTabs
            {...{ files, group, onClose }}
            panelId={panelIdOf(index)}
            label={
              count === 1 ? t('editor.openFiles') : t('editor.openFilesOf', { number: String(index + 1) })
            }
          />
          <div className="flex items-center gap-0.5 px-1">
            {onTerminal && (
              <Button look="quiet" size="small" onClick={onTerminal}>
                <SquareTerminal aria-hidden />
                {t('editor.terminal')}
              </Button>
            )}
            {active && (
              <Tip text={t('editor.close')}>
                <Button
                  look="quiet"
                  size="iconSmall"
                  aria-label={t('editor.close')}
                  onClick={() => onClose(active)}
                >
                  <X />
                </Button>
              </Tip>
            )}
          </div>
        </div>
        {active && (
          <Active
            key={active.path}
            files={files}
            document={active}
            client={client}
            panelId={panelIdOf(index)}
          />
        )}
      </div>
    </FocusHomeContext>
  )
}

const panelIdOf = (index: number) => `editor-panel-${index}`

function Active({
  files,
  document,
  client,
  panelId,
}: {
  files: OpenFiles
  document: OpenDocument
  client: FilesClient
  panelId: string
}) {
  const status = useStore(document.status)
  const asked = useStore(files.asked)
  const viewer = viewerOf(document.name)
  const [viewing, setViewing] = useState(viewer?.kind === 'notebook' || viewer?.kind === 'table')
  const [comparing, setComparing] = useState(false)
  const home = useFocusHome()
  const drawn = viewer !== null && viewing
  const bytesViewer = viewer && (
    <BytesViewer
      key={document.path}
      path={document.path}
      name={document.name}
      viewer={viewer}
      client={client}
      version={status.kind === 'open' && status.save.kind === 'saved' ? 1 : 0}
    />
  )
  return (
    <div
      role="tabpanel"
      id={panelId}
      aria-label={oneLine(document.name)}
      className="relative flex min-h-0 flex-1 flex-col overflow-y-auto"
    >
      <SaveProblem document={document} onCompare={() => setComparing(true)} />
      {comparing && (
        <ConflictView
          document={document}
          onClose={() => {
            setComparing(false)
            home.focus()
          }}
        />
      )}
      {status.kind === 'open' && viewer && <ViewBar viewing={viewing} onView={setViewing} />}
      {status.kind === 'open' && !drawn && (
        <FileEditor document={document} asked={asked} takeFocus={() => files.chosen === document} />
      )}
      {status.kind === 'open' &&
        drawn &&
        (viewer.kind === 'image' ? bytesViewer : <TextViewer document={document} kind={viewer.kind} />)}
      {status.kind === 'loading' && <Loading />}
      {status.kind === 'failed' && <Failed error={status.error} retry={() => void document.load()} />}
      {status.kind === 'unfit' &&
        (isDrawn(viewer) ? bytesViewer : <Unfit document={document} status={status} client={client} />)}
    </div>
  )
}

/** What is no text and can be shown all the same. */
const isDrawn = (viewer: Viewer | null) => viewer?.kind === 'image' || viewer?.kind === 'pdf'

/** Switches between the text of a file and what it means. */
function ViewBar({ viewing, onView }: { viewing: boolean; onView: (viewing: boolean) => void }) {
  const t = useTranslations()
  return (
    <div className="flex shrink-0 justify-end border-line border-b bg-ground px-1 py-0.5">
      <Button look="quiet" size="small" onClick={() => onView(!viewing)}>
        {viewing ? <Pencil aria-hidden /> : <Eye aria-hidden />}
        {viewing ? t('viewers.edit') : t('viewers.view')}
      </Button>
    </div>
  )
}

/** Shown only after a moment: most files are there sooner. */
function Loading() {
  const [patient, setPatient] = useState(true)
  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), 200)
    return () => clearTimeout(timer)
  }, [])
  return patient ? null : <SkeletonRows className="h-8" />
}

function Unfit({
  document,
  status,
  client,
}: {
  document: OpenDocument
  status: Extract<DocumentStatus, { kind: 'unfit' }>
  client: FilesClient
}) {
  const t = useTranslations()
  const name = oneLine(document.name)
  const size = bytes(status.sizeBytes)
  return (
    <Empty
      icon={FileLock2}
      title={t(status.reason === 'large' ? 'editor.tooLarge' : 'editor.notText')}
      action={
        <Button
          look="primary"
          onClick={() => download(client.downloadUrl(document.path, 'file'), document.name)}
        >
          <Download aria-hidden />
          {t('editor.download')}
        </Button>
      }
    >
      {status.reason === 'large'
        ? t('editor.tooLargeText', { name, size, max: bytes(editableBytesMax) })
        : t('editor.binary', { name, size })}
    </Empty>
  )
}
