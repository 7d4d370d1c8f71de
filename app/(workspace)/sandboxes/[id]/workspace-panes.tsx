'use client'

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { CommittedContext, useCommitted } from '../../../components/editor/committed'
import { ChangesContext } from '../../../components/git/change-mark'
import { LanguageHelpContext } from '../../../components/language-help/context'
import type { PaletteMode } from '../../../components/palette/palette'
import { useFocusHome } from '../../../components/ui/focus-home'
import { Panes } from '../../../components/ui/panes'
import type { Devcontainer } from '../../../devcontainer/parse'
import { OpenFiles } from '../../../editor/open-files'
import { applySettings } from '../../../editor/settings'
import { FilesClient } from '../../../files/client'
import { FileTreeModel } from '../../../files/file-tree'
import { parentsOf, relativePath } from '../../../files/paths'
import { changesByPath, SourceControl } from '../../../git/source-control'
import { runIn } from '../../../inside/run'
import type { Sandbox } from '../../../lib/protocol'
import { useSession } from '../../../lib/session'
import { useWanted } from '../../../lib/use-wanted'
import { useCommands } from '../../../palette/commands'
import type { Store } from '../../../terminal/store'
import type { StrayKeys } from '../../../terminal/stray-keys'
import { useStore } from '../../../terminal/use-store'
import type { Together } from '../../../together/together'
import { beginningOf } from '../../../workspace/beginning'
import { parseDeepLink } from '../../../workspace/deep-link'
import { workspaceShortcuts } from '../../../workspace/keys'
import type { PreviewStore } from '../../../workspace/preview'
import type { Programs } from '../../../workspace/programs'
import { isNarrow, type LayoutStore, onNarrow } from '../../../workspace/shown-panes'
import {
  AssignmentPane,
  DiffView,
  EditorArea,
  FilesPane,
  Palette,
  PreviewPane,
  SearchDialog,
  SourceControlPane,
  StartPane,
  TerminalArea,
} from './lazy-panes'
import { useFollow } from './use-follow'
import { useKeepFiles } from './use-keep-files'
import { useLanguages } from './use-languages'
import { take, usePaneKeys } from './use-pane-keys'
import { useRun } from './use-run'
import { useShown } from './use-together'
import { useWatchFiles } from './use-watch-files'

/** Files and editor beside the terminals. Where there is no room, what is shown last covers the terminals. */
export function WorkspacePanes({
  sandbox,
  layout,
  preview,
  programs,
  together,
  container,
  refresh,
  strayKeys,
  onRang,
}: {
  sandbox: Sandbox
  layout: LayoutStore
  preview: PreviewStore
  programs: Programs
  /** Null until it is loaded. */
  together: Together | null
  container: Store<Devcontainer | null>
  refresh: () => void
  strayKeys: StrayKeys
  onRang: (rang: boolean) => void
}) {
  const t = useTranslations()
  const { user } = useSession()
  const [client] = useState(() => new FilesClient(sandbox.id))
  const looking = sandbox.access === 'look'
  const [tree] = useState(() => new FileTreeModel(sandbox.id, client))
  tree.looking = looking
  const [open] = useState(() => new OpenFiles(user?.id ?? '', sandbox.id, client, looking))
  const [run] = useState(() => runIn(sandbox.id))
  const [git] = useState(() => new SourceControl(run, tree.root))
  const { side: wantedSide, editor, assignment } = useStore(layout)
  // Git is a program, which whoever only looks does not start.
  const side = wantedSide === 'git' && sandbox.access === 'look' ? null : wantedSide
  const previewed = useStore(preview) !== null
  const narrow = useSyncExternalStore(onNarrow, isNarrow, isNarrow)
  const { documents } = useStore(open.state)
  useShown(together, open)
  useFollow(together, (path, line) => {
    git.compared.set(null)
    open.follow(path, line)
    layout.showEditor(true)
  })
  const compared = useStore(git.compared)
  const seen = useStore(git.seen)
  const changes = useMemo(() => changesByPath(seen), [seen])
  const committed = useCommitted(seen)
  const anyOpen = documents.length > 0 || compared !== null
  const terminal = useFocusHome()
  const [searching, setSearching] = useState(false)
  const [palette, setPalette] = useState<PaletteMode | null>(null)
  const help = useLanguages(sandbox, open, run, (path, place) => {
    git.compared.set(null)
    open.open(path, place)
    layout.showEditor(true)
  })
  // Loaded when they are first wanted, and kept from then on.
  const wanted = useWanted({ search: searching, palette: palette !== null })
  useRun({
    ...{ sandbox, run, programs, preview, top: tree.root },
    places: () => {
      const file = open.state.get().active
      const repository = git.seen.get().repository
      const directory = file ? parentsOf(file.path).at(-1) : undefined
      return [directory, repository?.root, tree.root].flatMap((one) => (one?.startsWith('/') ? one : []))
    },
    save: async () => {
      await Promise.all(open.state.get().documents.map((document) => document.saveNow()))
    },
    onStarted: () => {
      layout.uncover()
      if (narrow) preview.close()
    },
  })
  const actions = useMemo(() => {
    const focusTerminal = () => {
      open.leave()
      terminal.focus()
    }
    return {
      focusTerminal,
      closeSide: () => {
        layout.showSide(null)
        focusTerminal()
      },
      search: () => setSearching(true),
      // To run a program, or to find files by their names, which starts one, is not for who may only look.
      run: () => !looking && programs.runProject(),
      choose: (mode: PaletteMode) => (mode === 'commands' || !looking) && setPalette(mode),
      problems: () => help.panel.set(help.panel.get() === 'problems' ? null : 'problems'),
    }
  }, [layout, terminal, open, programs, looking, help])
  usePaneKeys(layout, actions)
  useCommands(
    workspaceShortcuts.flatMap(({ keys, shortcut }) =>
      shortcut === 'commands'
        ? []
        : {
            name: t(`workspace.shortcuts.${shortcut}`),
            keys,
            run: () => take(shortcut, layout, actions),
          },
    ),
  )

  // What git says is shown in the tree as well, also before its own pane was opened.
  const running = sandbox.state === 'running' && !looking
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
        beforeDelete={(path) => open.settle(path)}
        onDeleted={(path, forGood) => open.deleted(path, forGood)}
        onSearch={actions.search}
        onClose={actions.closeSide}
      />
    </ChangesContext>
  )
  useWatchFiles(sandbox.state, tree, open, (paths) => help.filesChanged(paths))
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
    if (narrow) preview.close()
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
  const previewPane = (
    <PreviewPane
      sandbox={sandbox}
      preview={preview}
      onClose={() => {
        preview.close()
        terminal.focus()
      }}
    />
  )
  const assignmentPane = sandbox.assignment !== null && assignment && (
    <AssignmentPane
      id={sandbox.assignment}
      onClose={() => {
        layout.showAssignment(false)
        terminal.focus()
      }}
    />
  )
  const cover = !narrow
    ? null
    : assignmentPane
      ? assignmentPane
      : side
        ? sidePane
        : anyOpen && editor
          ? editorPane
          : previewed
            ? previewPane
            : null
  const work = (
    <Panes
      id="workspace-main"
      orientation="vertical"
      panes={[
        anyOpen && !narrow
          ? {
              id: 'editor',
              sizeLabel: t('workspace.editorHeight'),
              defaultSize: '60%',
              minSize: 96,
              children: editorPane,
            }
          : null,
        {
          id: 'terminal',
          sizeLabel: null,
          minSize: 80,
          className: 'flex flex-col overflow-hidden',
          children: (
            <div inert={cover !== null} className="flex min-h-0 flex-1 flex-col">
              <TerminalArea
                sandbox={sandbox}
                refresh={refresh}
                strayKeys={strayKeys}
                programs={programs}
                onRang={onRang}
              />
            </div>
          ),
        },
      ]}
    />
  )
  const wantsStart = running && (seen.repository !== null || beginningOf(sandbox.id) !== null)
  const starting = useWanted({ start: wantsStart }).start
  const { editor: settings } = useStore(container) ?? {}
  useEffect(() => applySettings(settings ?? {}), [settings])
  const dialogs = (
    <>
      {wanted.search && (
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
      {wanted.palette && (
        <Palette
          mode={palette}
          onClose={() => setPalette(null)}
          run={run}
          root={tree.root}
          help={help}
          open={documents.map(({ path }) => relativePath(path, tree.root))}
          onOpen={(path, line) => openFile(path.startsWith('/') ? path : `${tree.root}/${path}`, line)}
        />
      )}
    </>
  )
  return (
    <CommittedContext value={committed}>
      <LanguageHelpContext value={help}>
        <Panes
          id="workspace"
          orientation="horizontal"
          panes={[
            side && !narrow
              ? {
                  id: 'files',
                  sizeLabel: t('workspace.filesWidth'),
                  defaultSize: 248,
                  minSize: 160,
                  maxSize: '60%',
                  fixed: true,
                  children: sidePane,
                }
              : null,
            {
              id: 'main',
              sizeLabel: null,
              minSize: 240,
              className: 'relative flex flex-col overflow-hidden',
              children: (
                <>
                  {starting && (
                    <StartPane
                      sandboxId={sandbox.id}
                      run={run}
                      git={git}
                      programs={programs}
                      container={container}
                      onChanged={() => void tree.refresh()}
                      onOpen={openFile}
                    />
                  )}
                  {work}
                  {cover && <div className="absolute inset-0 z-20">{cover}</div>}
                  {dialogs}
                </>
              ),
            },
            assignmentPane && !narrow
              ? {
                  id: 'assignment',
                  sizeLabel: t('work.width'),
                  defaultSize: 320,
                  minSize: 220,
                  maxSize: '60%',
                  fixed: true,
                  children: assignmentPane,
                }
              : null,
            previewed && !narrow
              ? {
                  id: 'preview',
                  sizeLabel: t('preview.paneWidth'),
                  defaultSize: '45%',
                  minSize: 240,
                  children: previewPane,
                }
              : null,
          ]}
        />
      </LanguageHelpContext>
    </CommittedContext>
  )
}
