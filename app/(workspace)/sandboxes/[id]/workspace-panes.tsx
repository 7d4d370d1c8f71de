'use client'

import dynamic from 'next/dynamic'
import { type ReactNode, useCallback, useState, useSyncExternalStore } from 'react'
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels'
import { useFocusHome } from '../../../components/ui/focus-home'
import { OpenFiles } from '../../../editor/open-files'
import { FilesClient } from '../../../files/client'
import { FileTreeModel } from '../../../files/file-tree'
import type { Sandbox } from '../../../lib/protocol'
import { useSession } from '../../../lib/session'
import type { StrayKeys } from '../../../terminal/stray-keys'
import { useStore } from '../../../terminal/use-store'
import { isNarrow, type LayoutStore, onNarrow, paneStorage } from '../../../workspace/shown-panes'
import { useKeepFiles } from './use-keep-files'
import { usePaneKeys } from './use-pane-keys'

const TerminalArea = dynamic(() => import('../../../components/terminal/terminal-area'), {
  ssr: false,
  loading: () => <div className="min-h-0 flex-1 bg-surface" />,
})

const FilesPane = dynamic(() => import('../../../components/files/files-pane'), {
  ssr: false,
  loading: () => <div className="h-full bg-ground" />,
})

const EditorArea = dynamic(() => import('../../../components/editor/editor-area'), {
  ssr: false,
  loading: () => <div className="h-full bg-surface" />,
})

const SearchDialog = dynamic(() => import('../../../components/files/search-dialog'), { ssr: false })

/** Files and editor beside the terminals. Where there is no room, what is shown last covers the terminals. */
export function WorkspacePanes({
  sandbox,
  layout,
  refresh,
  strayKeys,
  onRang,
}: {
  sandbox: Sandbox
  layout: LayoutStore
  refresh: () => void
  strayKeys: StrayKeys
  onRang: (rang: boolean) => void
}) {
  const { user } = useSession()
  const [client] = useState(() => new FilesClient(sandbox.id))
  const [tree] = useState(() => new FileTreeModel(sandbox.id, client))
  const [open] = useState(() => new OpenFiles(user?.id ?? '', sandbox.id, client))
  const { files, editor } = useStore(layout)
  const narrow = useSyncExternalStore(onNarrow, isNarrow, isNarrow)
  const anyOpen = useStore(open.state).documents.length > 0
  const terminal = useFocusHome()
  const closeFiles = useCallback(() => {
    layout.showFiles(false)
    terminal.focus()
  }, [layout, terminal])
  const [searching, setSearching] = useState(false)
  const search = useCallback(() => setSearching(true), [])
  usePaneKeys(layout, terminal, closeFiles, search)
  useKeepFiles(sandbox.state, open)

  const filesPane = (
    <FilesPane
      sandbox={sandbox}
      model={tree}
      onOpen={(path) => {
        open.open(path)
        layout.showEditor(true)
      }}
      onRenamed={(from, to) => open.renamed(from, to)}
      onDeleted={(path) => open.deleted(path)}
      onSearch={search}
      onClose={closeFiles}
    />
  )
  const showTerminal = () => {
    layout.showEditor(false)
    terminal.focus()
  }
  const editorPane = (
    <EditorArea
      files={open}
      client={client}
      onTerminal={narrow ? showTerminal : null}
      onEmpty={showTerminal}
    />
  )
  const cover = narrow ? (files ? filesPane : anyOpen && editor ? editorPane : null) : null
  return (
    <Panes id="workspace" before={files && !narrow ? 'files' : null} main="main">
      <Panel
        id="files"
        defaultSize={248}
        minSize={160}
        maxSize="60%"
        groupResizeBehavior="preserve-pixel-size"
      >
        {filesPane}
      </Panel>
      <Panel id="main" minSize={240} className="relative flex flex-col overflow-hidden">
        <Panes id="workspace-main" before={anyOpen && !narrow ? 'editor' : null} main="terminal">
          <Panel id="editor" defaultSize="60%" minSize={96}>
            {editorPane}
          </Panel>
          <Panel id="terminal" minSize={80} className="flex flex-col overflow-hidden">
            <div inert={cover !== null} className="flex min-h-0 flex-1 flex-col">
              <TerminalArea sandbox={sandbox} refresh={refresh} strayKeys={strayKeys} onRang={onRang} />
            </div>
          </Panel>
        </Panes>
        {cover && <div className="absolute inset-0 z-20">{cover}</div>}
        <SearchDialog
          open={searching}
          onOpenChange={setSearching}
          client={client}
          root={tree.root}
          onFound={({ path, line, column }) => {
            open.open(path, { line, column })
            layout.showEditor(true)
          }}
        />
      </Panel>
    </Panes>
  )
}

/** Two panes, of which the first may be away. Their sizes are remembered in this browser. */
function Panes({
  id,
  before,
  main,
  children: [first, second],
}: {
  id: 'workspace' | 'workspace-main'
  /** The id of the first pane while it is shown. */
  before: string | null
  main: string
  children: [ReactNode, ReactNode]
}) {
  const beside = id === 'workspace'
  const sizes = useDefaultLayout({
    id,
    panelIds: before === null ? [main] : [before, main],
    storage: paneStorage,
  })
  return (
    <Group
      id={id}
      orientation={beside ? 'horizontal' : 'vertical'}
      className="min-h-0 flex-1"
      {...(sizes.defaultLayout ? { defaultLayout: sizes.defaultLayout } : {})}
      onLayoutChanged={sizes.onLayoutChanged}
    >
      {before !== null && first}
      {before !== null && (
        <Separator
          aria-label={beside ? 'Width of the files' : 'Height of the editor'}
          className={`${beside ? 'w-px' : 'h-px'} bg-line outline-offset-1 transition-colors data-[separator=active]:bg-accent data-[separator=hover]:bg-accent`}
        />
      )}
      {second}
    </Group>
  )
}
