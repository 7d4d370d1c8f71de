'use client'

import { Ellipsis, Search, Upload as UploadIcon, X } from 'lucide-react'
import { Fragment, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { FileTreeModel, Held } from '../../files/file-tree'
import { relativePath } from '../../files/paths'
import type { EntryRow } from '../../files/rows'
import type { Trashed } from '../../files/trash'
import { type Upload, Uploads } from '../../files/uploads'
import { bytes, oneLine } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import { TextError } from '../../lib/text-error'
import { useExplain } from '../../lib/use-explain'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { ContextItem, ContextLine, ContextMenu } from '../ui/context-menu'
import { FocusHome, FocusHomeContext } from '../ui/focus-home'
import { Menu, MenuItem, MenuLine } from '../ui/menu'
import { Tip } from '../ui/tip'
import { useToast } from '../ui/toast'
import { DropZone } from './drop-zone'
import { useFileActions } from './file-actions'
import { deleteQuestion, emptyQuestion, replaceQuestion } from './questions'
import { TreeView } from './tree-view'

/** How often directories that are shown are read again, while the page is looked at and changes are not told. */
const refreshMs = 5000

export interface FilesPaneProps {
  readonly sandbox: Sandbox
  readonly model: FileTreeModel
  readonly onOpen: (path: string) => void
  readonly onRenamed: (from: string, to: string) => void
  /** What is unsaved in the editor is to be saved now. */
  readonly beforeDelete: (path: string) => Promise<void>
  /** @param forGood it cannot be brought back */
  readonly onDeleted: (path: string, forGood: boolean) => void
  readonly onSearch: () => void
  readonly onClose: () => void
}

/** The files of the sandbox, and what can be done with them. */
export default function FilesPane({
  sandbox,
  model,
  onOpen,
  onRenamed,
  beforeDelete,
  onDeleted,
  onSearch,
  onClose,
}: FilesPaneProps) {
  const t = useTranslations()
  const explain = useExplain()
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
      toast.done(
        done === sent.length
          ? t('files.uploaded', { count: done, directory: oneLine(directory) })
          : t('files.uploadCancelled', { count: done }),
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
    setQuestion(replaceQuestion(directory, taken, async () => void send(directory, chosen), t))
  }
  /** @param why it cannot be put into the trash */
  const removeForGood = (row: EntryRow, why: string | null = null) =>
    setQuestion(
      deleteQuestion(
        row,
        why,
        async () => {
          await model.remove(row)
          onDeleted(row.entry.path, true)
        },
        t,
      ),
    )
  const undo = async (trashed: Trashed) => {
    try {
      const path = await model.undo(trashed)
      toast.done(t('files.restored', { path: oneLine(relativePath(path, model.root)) }))
    } catch (error) {
      toast.failed(error)
    }
  }
  const remove = async (row: EntryRow) => {
    const { path, name } = row.entry
    if (!model.trash.takes(path)) return removeForGood(row)
    try {
      await beforeDelete(path)
      const trashed = await model.discard(row)
      onDeleted(path, false)
      toast.done(t('files.movedToTrash', { name: oneLine(name) }), {
        name: t('files.undo'),
        run: () => void undo(trashed),
      })
    } catch (error) {
      removeForGood(row, explain(error))
    }
  }
  const emptyTrash = () =>
    setQuestion(
      emptyQuestion(async () => {
        await model.trash.empty()
        model.lastTrashed.set(null)
        await model.refresh(true)
      }, t),
    )
  const open = async (row: EntryRow) => {
    const { path, type } = row.entry
    if (type === 'other') {
      toast.failed(new TextError('files.noContent'))
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
    model.nameNew(type, parent)
  }
  /** Moves or copies, and says why not. */
  const put = async (into: Promise<string>, from: string | null) => {
    try {
      const to = await into
      if (from !== null && from !== to) onRenamed(from, to)
    } catch (error) {
      toast.failed(error)
    }
  }
  const paste = (held: Held) =>
    void put(model.paste(held, model.target()), held.how === 'cut' ? held.path : null)
  const drop = (path: string, directory: string) => void put(model.moveInto(path, directory), path)
  const { buttons, others, general } = useFileActions({
    ...{ model, selected, create, paste, removeForGood, emptyTrash },
    remove: (row) => void remove(row),
    open: (row) => void open(row),
    upload: () => picker.current?.click(),
  })

  const directoryOf = (path: string | undefined) => {
    const row = model.row(path ?? null)
    if (!row) return model.root
    return row.entry.type === 'directory' ? row.entry.path : row.parent
  }

  return (
    <FocusHomeContext value={home}>
      <DropZone
        enabled={usable && !model.looking && progress === null}
        directoryOf={directoryOf}
        onDrop={upload}
        onMove={drop}
      >
        <div className="flex h-10 shrink-0 items-center gap-0.5 border-line border-b pr-1 pl-3">
          <h2 className="flex-1 truncate font-semibold text-xs">{t('files.files')}</h2>
          {sandbox.state === 'running' && (
            <Tip text={t('files.search')} keys="Ctrl+Shift+F">
              <Button look="quiet" size="iconSmall" aria-label={t('files.search')} onClick={onSearch}>
                <Search />
              </Button>
            </Tip>
          )}
          {usable &&
            buttons.map(({ icon: Icon, name, act }) => (
              <Tip key={name} text={name}>
                <Button
                  look="quiet"
                  size="iconSmall"
                  aria-label={name}
                  disabled={Icon === UploadIcon && progress !== null}
                  onClick={act}
                >
                  <Icon />
                </Button>
              </Tip>
            ))}
          {usable && (
            <Menu
              trigger={
                <Button look="quiet" size="iconSmall" aria-label={t('files.actions')}>
                  <Ellipsis />
                </Button>
              }
            >
              {selected && (
                <p className="truncate px-2 pt-1 pb-0.5 text-muted text-xs">{oneLine(selected.entry.name)}</p>
              )}
              {[...others.map((action) => ({ ...action, lineBefore: false })), ...general].map(
                ({ icon: Icon, name, act, danger = false, disabled = false, lineBefore }) => (
                  <Fragment key={name}>
                    {lineBefore && <MenuLine />}
                    <MenuItem danger={danger} disabled={disabled} onSelect={act}>
                      <Icon aria-hidden />
                      {name}
                    </MenuItem>
                  </Fragment>
                ),
              )}
            </Menu>
          )}
          <Tip text={t('files.hide')} keys="Ctrl+Shift+B">
            <Button look="quiet" size="iconSmall" aria-label={t('files.hide')} onClick={onClose}>
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
            menu={[...buttons, ...others, ...general].map(
              ({ icon: Icon, name, act, danger = false, disabled = false, lineBefore }) => (
                <Fragment key={name}>
                  {lineBefore && <ContextLine />}
                  <ContextItem danger={danger} disabled={disabled} onSelect={act}>
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
                remove={(row, forGood) => (forGood ? removeForGood(row) : void remove(row))}
                undo={(trashed) => void undo(trashed)}
                paste={paste}
                created={onOpen}
                renamed={onRenamed}
              />
            </div>
          </ContextMenu>
        ) : (
          <p className="p-4 text-muted">{t(unusable(sandbox.state))}</p>
        )}
        {progress && (
          <div role="status" className="flex items-center gap-2 border-line border-t px-3 py-1.5 text-xs">
            <span className="tabular min-w-0 flex-1 truncate">
              {t('files.uploading', {
                number: String(Math.min(progress.filesDone + 1, progress.files)),
                count: progress.files,
                done: bytes(progress.bytesDone),
                total: bytes(progress.bytes),
              })}
            </span>
            <Button size="small" onClick={() => uploads.cancel()}>
              {t('files.cancelUpload')}
            </Button>
          </div>
        )}
        <Confirm question={question} onClose={() => setQuestion(null)} />
      </DropZone>
    </FocusHomeContext>
  )
}

/** The key of what is said while files cannot be shown. */
function unusable(state: Sandbox['state']) {
  if (state === 'creating') return 'files.creating'
  return state === 'unreachable' ? 'files.nodeAway' : 'files.unavailable'
}
