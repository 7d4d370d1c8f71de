import { Download, Ellipsis, History, Layers, Package, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { download } from '../../files/client'
import { bytes, oneLine } from '../../lib/format'
import { archiveUrl, useSnapshotActions } from '../../snapshots/actions'
import type { Leaf } from '../../snapshots/tree'
import { Age } from '../sandbox/age'
import { Button } from '../ui/button'
import { Menu, MenuItem, MenuLine } from '../ui/menu'
import { NameForm } from './name-form'

/** Below this many others a snapshot is not moved in any more: a phone is narrow. */
const maxIndent = 5

/** What a snapshot's row asks a name for. */
type Naming = 'rename' | 'toTemplate' | 'toImage'

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
  const actions = useSnapshotActions()
  const [naming, setNaming] = useState<Naming | null>(null)
  if (naming !== null) {
    const forms = {
      rename: { label: t('snapshots.newName'), value: snapshot.name, maxLength: 64 },
      toTemplate: { label: t('snapshots.templateName'), hint: 'my-template', maxLength: 63 },
      toImage: { label: t('snapshots.imageName'), hint: 'team/app:1.0', maxLength: 255 },
    }
    return (
      <NameForm
        {...forms[naming]}
        action={t(`snapshots.${naming}`)}
        working={naming === 'rename' ? undefined : t('snapshots.making', { size: bytes(sizeBytes) })}
        onSubmit={(wanted) => actions[naming](snapshot, wanted)}
        onClose={() => setNaming(null)}
      />
    )
  }
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
        <MenuItem onSelect={() => setNaming('rename')}>
          <Pencil aria-hidden />
          {t('snapshots.rename')}
        </MenuItem>
        <MenuItem onSelect={() => download(archiveUrl(snapshot.id), `${name}.tar`)}>
          <Download aria-hidden />
          {t('snapshots.download')}
        </MenuItem>
        <MenuItem onSelect={() => setNaming('toTemplate')}>
          <Layers aria-hidden />
          {t('snapshots.toTemplate')}
        </MenuItem>
        <MenuItem onSelect={() => setNaming('toImage')}>
          <Package aria-hidden />
          {t('snapshots.toImage')}
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
