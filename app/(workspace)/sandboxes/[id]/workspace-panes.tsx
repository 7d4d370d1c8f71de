'use client'

import dynamic from 'next/dynamic'
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels'
import { useTranslations } from 'use-intl'
import { ChangesContext } from '../../../components/git/change-mark'
import type { PaletteMode } from '../../../components/palette/palette'
import { useFocusHome } from '../../../components/ui/focus-home'
import { OpenFiles } from '../../../editor/open-files'
import { FilesClient } from '../../../files/client'
import { FileTreeModel } from '../../../files/file-tree'
import { relativePath } from '../../../files/paths'
import { changesByPath, SourceControl } from '../../../git/source-control'
import { runIn } from '../../../inside/run'
import type { Sandbox } from '../../../lib/protocol'
import { useSession } from '../../../lib/session'
import { useCommands } from '../../../palette/commands'
import type { StrayKeys } from '../../../terminal/stray-keys'
import { useStore } from '../../../terminal/use-store'
import { parseDeepLink } from '../../../workspace/deep-link'
import { workspaceShortcuts } from '../../../workspace/keys'
import { isNarrow, type LayoutStore, onNarrow, paneStorage } from '../../../workspace/shown-panes'
import { useKeepFiles } from './use-keep-files'
import { take, usePaneKeys } from './use-pane-keys'
import { useWatchFiles } from './use-watch-files'

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

const SourceControlPane = dynamic(() => import('../../../components/git/source-control-pane'), {
  ssr: false,
  loading: () => <div className="h-full bg-ground" />,
})

const DiffView = dynamic(() => import('../../../components/git/diff-view'), {
  ssr: false,
  loading: () => <div className="h-full bg-surface" />,
})

const Palette = dynamic(() => import('../../../components/palette/palette'), { ssr: false })

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
  const t = useTranslations()
  const { user } = useSession()
  const [client] = useState(() => new FilesClient(sandbox.id))
  const [tree] = useState(() => new FileTreeModel(sandbox.id, client))
  const [open] = useState(() => new OpenFiles(user?.id ?? '', sandbox.id, client))
  const [run] = useState(() => runIn(sandbox.id))
  const [git] = useState(() => new SourceControl(run, tree.root))
  const { side, editor } = useStore(layout)
  const narrow = useSyncExternalStore(onNarrow, isNarrow, isNarrow)
  const { documents } = useStore(open.state)
  const compared = useStore(git.compared)
  const seen = useStore(git.seen)
  const changes = useMemo(() => changesByPath(seen), [seen])
  const anyOpen = documents.length > 0 || compared !== null
  const terminal = useFocusHome()
  const [searching, setSearching] = useState(false)
  const [palette, setPalette] = useState<PaletteMode | null>(null)
  // Loaded when they are first wanted, and kept from then on.
  const dialogs = useWanted({ search: searching, palette: palette !== null })
  const actions = useMemo(
    () => ({
      closeSide: () => {
        layout.showSide(null)
        terminal.focus()
      },
      search: () => setSearching(true),
      choose: setPalette,
    }),
    [layout, terminal],
  )
  usePaneKeys(layout, terminal, actions)
  useCommands(
    workspaceShortcuts.flatMap(({ keys, shortcut }) =>
      shortcut === 'commands'
        ? []
        : {
            name: t(`workspace.shortcuts.${shortcut}`),
            keys,
            run: () => take(shortcut, layout, terminal, actions),
          },
    ),
  )

  // What git says is shown in the tree as well, also before its own pane was opened.
  const running = sandbox.state === 'running'
  useEffect(() => {
    if (!running) return
    const look = () => document.visibilityState === 'visible' && void git.refresh()
    look()
    window.addEventListener('focus', look)
    return () => window.removeEventListener('focus', look)
  }, [git, running])
  const openFile = (path: string, line: number | null = null) => {
    git.compared.set(null)
    open.open(path, line === null ? null : { line, column: 1 })
    layout.showEditor(true)
  }
  const filesPane = (
    <ChangesContext value={changes}>
      <FilesPane
        sandbox={sandbox}
        model={tree}
        onOpen={openFile}
        onRenamed={(from, to) => open.renamed(from, to)}
        onDeleted={(path) => open.deleted(path)}
        onSearch={actions.search}
        onClose={actions.closeSide}
      />
    </ChangesContext>
  )
  useWatchFiles(sandbox.state, tree, open)
  useKeepFiles(sandbox.state, open, () => {
    const { file, line } = parseDeepLink(window.location.search)
    if (file !== null) openFile(file, line)
  })
  const gitPane = (
    <SourceControlPane
      model={git}
      running={running}
      onClose={actions.closeSide}
      onChanged={() => {
        void tree.refresh()
        open.checkDisk()
      }}
    />
  )
  const sidePane = side === 'git' ? gitPane : filesPane
  const showTerminal = () => {
    layout.showEditor(false)
    terminal.focus()
  }
  const editorPane = compared ? (
    <DiffView
      compared={compared}
      client={client}
      onOpen={openFile}
      onClose={() => {
        git.compared.set(null)
        if (open.state.get().documents.length === 0) showTerminal()
      }}
    />
  ) : (
    <EditorArea
      files={open}
      client={client}
      onTerminal={narrow ? showTerminal : null}
      onEmpty={showTerminal}
    />
  )
  const cover = narrow ? (side ? sidePane : anyOpen && editor ? editorPane : null) : null
  return (
    <Panes id="workspace" before={side && !narrow ? 'files' : null} main="main">
      <Panel
        id="files"
        defaultSize={248}
        minSize={160}
        maxSize="60%"
        groupResizeBehavior="preserve-pixel-size"
      >
        {sidePane}
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
        {dialogs.search && (
          <SearchDialog
            open={searching}
            onOpenChange={setSearching}
            client={client}
            root={tree.root}
            onFound={({ path, line, column }) => {
              git.compared.set(null)
              open.open(path, { line, column })
              layout.showEditor(true)
            }}
          />
        )}
        {dialogs.palette && (
          <Palette
            mode={palette}
            onClose={() => setPalette(null)}
            run={run}
            root={tree.root}
            open={documents.map(({ path }) => relativePath(path, tree.root))}
            onOpen={(path, line) => openFile(path.startsWith('/') ? path : `${tree.root}/${path}`, line)}
          />
        )}
      </Panel>
    </Panes>
  )
}

/** What has been true once. */
function useWanted<T extends string>(now: Readonly<Record<T, boolean>>): Readonly<Record<T, boolean>> {
  const seen = useRef(now)
  for (const key in now) if (now[key] && !seen.current[key]) seen.current = { ...seen.current, [key]: true }
  return seen.current
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
  const t = useTranslations()
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
          aria-label={t(beside ? 'workspace.filesWidth' : 'workspace.editorHeight')}
          className={`${beside ? 'w-px' : 'h-px'} bg-line outline-offset-1 transition-colors data-[separator=active]:bg-accent data-[separator=hover]:bg-accent`}
        />
      )}
      {second}
    </Group>
  )
}
