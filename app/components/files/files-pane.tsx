'use client'

import {
  CopyMinus,
  Download,
  Ellipsis,
  FilePlus,
  FolderOpen,
  FolderPlus,
  Pencil,
  RefreshCw,
  Search,
  Trash2,
  Upload as UploadIcon,
  X,
} from 'lucide-react'
import { type ComponentType, Fragment, useEffect, useRef, useState } from 'react'
import { download } from '../../files/client'
import type { FileTreeModel } from '../../files/file-tree'
import { nameOf } from '../../files/paths'
import type { EntryRow } from '../../files/rows'
import { type Upload, Uploads } from '../../files/uploads'
import { bytes, count, oneLine } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { ContextItem, ContextLine, ContextMenu } from '../ui/context-menu'
import { FocusHome, FocusHomeContext } from '../ui/focus-home'
import { Menu, MenuItem, MenuLine } from '../ui/menu'
import { Tip } from '../ui/tip'
import { useToast } from '../ui/toast'
import { DropZone } from './drop-zone'
import { deleteQuestion, replaceQuestion } from './questions'
import { TreeView } from './tree-view'

/** How often directories that are shown are read again, while the page is looked at and changes are not told. */
const refreshMs = 5000

export interface FilesPaneProps {
  readonly sandbox: Sandbox
  readonly model: FileTreeModel
  readonly onOpen: (path: string) => void
  readonly onRenamed: (from: string, to: string) => void
  readonly onDeleted: (path: string) => void
  readonly onSearch: () => void
  readonly onClose: () => void
}

interface Action {
  readonly icon: ComponentType<{ 'aria-hidden'?: boolean }>
  readonly name: string
  readonly act: () => void
  readonly danger?: boolean
  /** It needs an entry. */
  readonly needsEntry?: boolean
  readonly lineBefore?: boolean
}

/** The files of the sandbox, and what can be done with them. */
export default function FilesPane({
  sandbox,
  model,
  onOpen,
  onRenamed,
  onDeleted,
  onSearch,
  onClose,
}: FilesPaneProps) {
  const usable = ['running', 'paused', 'stopped'].includes(sandbox.state)
  const [home] = useState(() => new FocusHome())
  const [uploads] = useState(() => new Uploads(model.client))
  const [question, setQuestion] = useState<Question | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const progress = useStore(uploads.progress)
  const selected = model.row(useStore(model.selected))
  const toast = useToast()

  useEffect(() => {
    home.set(() =>
      scroller.current?.querySelector<HTMLElement>('[role=tree]')?.focus({ preventScroll: true }),
    )
    return () => home.set(null)
  }, [home])
  useEffect(() => {
    if (usable) model.load()
  }, [usable, model])
  useEffect(() => {
    if (sandbox.state !== 'running') return
    const refresh = () => document.visibilityState === 'visible' && void model.refresh()
    const timer = setInterval(() => !model.watched && refresh(), refreshMs)
    window.addEventListener('focus', refresh)
    return () => {
      clearInterval(timer)
      window.removeEventListener('focus', refresh)
    }
  }, [sandbox.state, model])

  const send = async (directory: string, sent: readonly Upload[]) => {
    try {
      const done = await uploads.send(directory, sent)
      const text = count(done, 'file')
      toast.done(
        done === sent.length ? `Uploaded ${text} to ${oneLine(directory)}` : `Upload cancelled after ${text}`,
      )
    } catch (error) {
      toast.failed(error)
    }
    if (directory !== model.root) await model.expand(directory)
    await model.refresh(true)
  }
  const upload = (directory: string, chosen: readonly Upload[]) => {
    if (chosen.length === 0) return
    const names = model.names(directory)
    const taken = [...new Set(chosen.flatMap(({ path: [first = ''] }) => (names.has(first) ? first : [])))]
    if (taken.length === 0) return void send(directory, chosen)
    setQuestion(replaceQuestion(directory, taken, async () => void send(directory, chosen)))
  }
  const remove = (row: EntryRow) =>
    setQuestion(
      deleteQuestion(row, async () => {
        await model.remove(row)
        onDeleted(row.entry.path)
      }),
    )
  const open = async (row: EntryRow) => {
    const { path, type } = row.entry
    if (type === 'other') {
      toast.failed(new Error('This is a pipe, a socket or a device, which has no content to show.'))
      return
    }
    try {
      if (type === 'symlink' && (await model.expandLink(path))) return
      onOpen(path)
    } catch (error) {
      toast.failed(error)
    }
  }
  const create = (type: 'file' | 'directory') => {
    const parent = model.target()
    // The name can be typed at once, while the directory is still being read.
    if (parent !== model.root) void model.expand(parent)
    model.naming.set({ kind: 'new', type, parent })
  }
  const save = (path: string, type: EntryRow['entry']['type']) =>
    download(
      model.client.downloadUrl(path, type),
      type === 'directory' ? `${nameOf(path)}.tar` : nameOf(path),
    )

  const actions: readonly Action[] = [
    { icon: FilePlus, name: 'New file', act: () => create('file') },
    { icon: FolderPlus, name: 'New folder', act: () => create('directory') },
    { icon: UploadIcon, name: 'Upload files', act: () => picker.current?.click() },
    {
      icon: FolderOpen,
      name: 'Open',
      needsEntry: true,
      lineBefore: true,
      act: () => {
        if (!selected) return
        if (selected.expanded === null) void open(selected)
        else void model.expand(selected.entry.path)
      },
    },
    {
      icon: Download,
      name: 'Download',
      needsEntry: true,
      act: () => selected && save(selected.entry.path, selected.entry.type),
    },
    {
      icon: Pencil,
      name: 'Rename',
      needsEntry: true,
      act: () => selected && model.naming.set({ kind: 'rename', path: selected.entry.path }),
    },
    { icon: Trash2, name: 'Delete', needsEntry: true, danger: true, act: () => selected && remove(selected) },
  ]
  const general: readonly Action[] = [
    {
      icon: Download,
      name: 'Download all files',
      lineBefore: true,
      act: () => save(model.root, 'directory'),
    },
    { icon: CopyMinus, name: 'Collapse all folders', act: () => model.collapseAll() },
    { icon: RefreshCw, name: 'Refresh', act: () => void model.refresh(true) },
  ]

  const directoryOf = (path: string | undefined) => {
    const row = model.row(path ?? null)
    if (!row) return model.root
    return row.entry.type === 'directory' ? row.entry.path : row.parent
  }

  return (
    <FocusHomeContext value={home}>
      <DropZone enabled={usable && progress === null} directoryOf={directoryOf} onDrop={upload}>
        <div className="flex h-10 shrink-0 items-center gap-0.5 border-line border-b pr-1 pl-3">
          <h2 className="flex-1 truncate font-semibold text-xs">Files</h2>
          {sandbox.state === 'running' && (
            <Tip text="Search in files" keys="Ctrl+Shift+F">
              <Button look="quiet" size="iconSmall" aria-label="Search in files" onClick={onSearch}>
                <Search />
              </Button>
            </Tip>
          )}
          {usable &&
            actions.slice(0, 3).map(({ icon: Icon, name, act }) => (
              <Tip key={name} text={name}>
                <Button
                  look="quiet"
                  size="iconSmall"
                  aria-label={name}
                  disabled={name === 'Upload files' && progress !== null}
                  onClick={act}
                >
                  <Icon />
                </Button>
              </Tip>
            ))}
          {usable && (
            <Menu
              trigger={
                <Button look="quiet" size="iconSmall" aria-label="File actions">
                  <Ellipsis />
                </Button>
              }
            >
              {selected && (
                <p className="truncate px-2 pt-1 pb-0.5 text-muted text-xs">{oneLine(selected.entry.name)}</p>
              )}
              {[...actions.slice(3).map((action) => ({ ...action, lineBefore: false })), ...general].map(
                ({ icon: Icon, name, act, danger = false, needsEntry, lineBefore }) => (
                  <Fragment key={name}>
                    {lineBefore && <MenuLine />}
                    <MenuItem danger={danger} disabled={needsEntry === true && !selected} onSelect={act}>
                      <Icon aria-hidden />
                      {name}
                    </MenuItem>
                  </Fragment>
                ),
              )}
            </Menu>
          )}
          <Tip text="Hide files" keys="Ctrl+Shift+B">
            <Button look="quiet" size="iconSmall" aria-label="Hide files" onClick={onClose}>
              <X />
            </Button>
          </Tip>
        </div>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            const files = [...(currentTarget.files ?? [])]
            currentTarget.value = ''
            upload(
              model.target(),
              files.map((file) => ({ path: [file.name], file })),
            )
          }}
        />
        {usable ? (
          <ContextMenu
            menu={[...actions, ...general].map(
              ({ icon: Icon, name, act, danger = false, needsEntry, lineBefore }) => (
                <Fragment key={name}>
                  {lineBefore && <ContextLine />}
                  <ContextItem danger={danger} disabled={needsEntry === true && !selected} onSelect={act}>
                    <Icon aria-hidden />
                    {name}
                  </ContextItem>
                </Fragment>
              ),
            )}
          >
            <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden py-1">
              <TreeView
                model={model}
                scroller={scroller}
                open={(row) => void open(row)}
                remove={remove}
                created={onOpen}
                renamed={onRenamed}
              />
            </div>
          </ContextMenu>
        ) : (
          <p className="p-4 text-muted">{unusable(sandbox.state)}</p>
        )}
        {progress && (
          <div role="status" className="flex items-center gap-2 border-line border-t px-3 py-1.5 text-xs">
            <span className="tabular min-w-0 flex-1 truncate">
              Uploading {Math.min(progress.filesDone + 1, progress.files)} of {count(progress.files, 'file')},{' '}
              {bytes(progress.bytesDone)} of {bytes(progress.bytes)}
            </span>
            <Button size="small" onClick={() => uploads.cancel()}>
              Cancel
            </Button>
          </div>
        )}
        <Confirm question={question} onClose={() => setQuestion(null)} />
      </DropZone>
    </FocusHomeContext>
  )
}

function unusable(state: Sandbox['state']): string {
  if (state === 'creating') return 'The sandbox is being created. Its files appear here when it runs.'
  if (state === 'unreachable') return 'The node of this sandbox does not answer. Its files are kept.'
  return 'The files of this sandbox are not available in its current state.'
}
