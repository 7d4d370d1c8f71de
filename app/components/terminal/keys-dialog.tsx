'use client'

import { useTranslations } from 'use-intl'
import { shortcuts } from '../../terminal/keys'
import { workspaceShortcuts } from '../../workspace/keys'
import { Dialog, DialogBody } from '../ui/dialog'
import { Keys } from '../ui/keys'

export function KeysDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t('terminal.shortcutsTitle')}
      description={t('terminal.shortcutsOther')}
    >
      <DialogBody>
        <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-2">
          {shortcuts.map(({ keys, shortcut }) => (
            <Line key={shortcut} keys={keys} name={t(`terminal.shortcuts.${shortcut}`)} />
          ))}
          {workspaceShortcuts.map(({ keys, shortcut }) => (
            <Line key={shortcut} keys={keys} name={t(`workspace.shortcuts.${shortcut}`)} />
          ))}
        </dl>
        <p className="text-muted text-xs">{t('terminal.shortcutsOnTab')}</p>
      </DialogBody>
    </Dialog>
  )
}

function Line({ keys, name }: { keys: string; name: string }) {
  return (
    <div className="contents">
      <dt>{name}</dt>
      <dd>
        <Keys keys={keys} />
      </dd>
    </div>
  )
}
