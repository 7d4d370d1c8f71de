import { Download, Ellipsis, History, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { download } from '../../files/client'
import { bytes, oneLine } from '../../lib/format'
import type { Snapshot } from '../../lib/protocol'
import { text, useSubmit } from '../../lib/use-submit'
import { archiveUrl, useSnapshotActions } from '../../snapshots/actions'
import type { Leaf } from '../../snapshots/tree'
import { Age } from '../sandbox/age'
import { Button } from '../ui/button'
import { Field } from '../ui/field'
import { Menu, MenuItem, MenuLine } from '../ui/menu'

/** Below this many others a snapshot is not moved in any more: a phone is narrow. */
const maxIndent = 5

/** One snapshot in the tree. */
export function SnapshotRow({
  leaf: { snapshot, depth },
  current,
  onRestore,
  onCreate,
  onDelete,
}: {
  leaf: Leaf
  /** The sandbox was made from it, or brought back to it last. */
  current: boolean
  onRestore: () => void
  onCreate: () => void
  onDelete: () => void
}) {
  const t = useTranslations()
  const name = oneLine(snapshot.name)
  const { sizeBytes, exclusiveBytes } = snapshot
  const [renaming, setRenaming] = useState(false)
  if (renaming) return <RenameForm snapshot={snapshot} onClose={() => setRenaming(false)} />
  return (
    <li
      className="flex items-center gap-3 py-2 pr-2"
      style={{ paddingLeft: `${0.75 + Math.min(depth, maxIndent) * 1.25}rem` }}
    >
      <div className="min-w-0 flex-1">
        <div className="flex min-w-0 items-center gap-2">
          <span className="truncate font-medium">{name}</span>
          {current && (
            <span className="shrink-0 rounded bg-accent-soft px-1.5 py-0.5 text-accent text-xs">
              {t('snapshots.current')}
            </span>
          )}
        </div>
        <div className="flex flex-wrap gap-x-2 text-muted text-xs">
          <span className="truncate">{oneLine(snapshot.sandboxName)}</span>
          <span>{snapshot.template}</span>
          <Age since={snapshot.createdAt} />
          <span className="tabular">
            {exclusiveBytes === null
              ? bytes(sizeBytes)
              : t('snapshots.size', { size: bytes(sizeBytes), own: bytes(exclusiveBytes) })}
          </span>
        </div>
      </div>
      <Menu
        trigger={
          <Button look="quiet" size="iconSmall" aria-label={t('sandbox.actionsFor', { name })}>
            <Ellipsis />
          </Button>
        }
      >
        <MenuItem onSelect={onCreate}>
          <Plus aria-hidden />
          {t('snapshots.createFrom')}
        </MenuItem>
        <MenuItem onSelect={onRestore}>
          <History aria-hidden />
          {t('snapshots.restore')}
        </MenuItem>
        <MenuItem onSelect={() => setRenaming(true)}>
          <Pencil aria-hidden />
          {t('snapshots.rename')}
        </MenuItem>
        <MenuItem onSelect={() => download(archiveUrl(snapshot.id), `${name}.tar`)}>
          <Download aria-hidden />
          {t('snapshots.download')}
        </MenuItem>
        <MenuLine />
        <MenuItem danger onSelect={onDelete}>
          <Trash2 aria-hidden />
          {t('snapshots.delete')}
        </MenuItem>
      </Menu>
    </li>
  )
}

function RenameForm({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const t = useTranslations()
  const actions = useSnapshotActions()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    if (name !== snapshot.name) await actions.rename(snapshot, name)
    onClose()
  })
  return (
    <li className="p-3">
      <form
        onSubmit={submit}
        className="flex flex-wrap items-end gap-2"
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          onClose()
        }}
      >
        <div className="min-w-48 flex-1">
          <Field
            label={t('snapshots.newName')}
            name="name"
            defaultValue={snapshot.name}
            maxLength={64}
            required
            autoFocus
            autoComplete="off"
            error={fieldError('name') ?? error?.message}
          />
        </div>
        <Button type="submit" look="primary" busy={busy}>
          {t('snapshots.rename')}
        </Button>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
      </form>
    </li>
  )
}
