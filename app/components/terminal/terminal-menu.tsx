'use client'

import {
  ALargeSmall,
  Bell,
  BellOff,
  Ear,
  Hash,
  Keyboard,
  Option,
  Pencil,
  SlidersHorizontal,
  TextSelect,
  X,
} from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { ClipboardPermission, Permission } from '../../terminal/clipboard'
import { preferences } from '../../terminal/preferences'
import type { TerminalSession } from '../../terminal/session'
import { themeNames } from '../../terminal/themes'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu'
import { FontSize } from './font-size'
import { KeysDialog } from './keys-dialog'
import { TextView } from './text-view'

const permissions = ['ask', 'allow', 'block'] as const satisfies readonly Permission[]

/** How terminals look and behave in this browser. */
export function TerminalMenu({
  session,
  onRename,
  onEnd,
  onRoot,
  clipboard,
}: {
  session: TerminalSession | undefined
  onRename: () => void
  /** Undefined for who may not end it. */
  onEnd: (() => void) | undefined
  /** Opens a root shell; undefined while none can be opened. */
  onRoot: (() => void) | undefined
  clipboard: ClipboardPermission
}) {
  const t = useTranslations()
  const store = preferences()
  const { theme, bell, screenReader, optionIsMeta } = useStore(store)
  const copying = useStore(clipboard)
  const [dialog, setDialog] = useState<'text' | 'keys' | null>(null)
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" size="iconSmall" aria-label={t('terminal.settings')}>
            <SlidersHorizontal />
          </Button>
        }
      >
        <div className="flex items-center gap-2.5 px-2 py-1">
          <ALargeSmall aria-hidden className="size-4 text-muted" />
          <FontSize />
        </div>
        <MenuLine />
        <MenuChoice
          label={t('terminal.colorTheme')}
          value={theme}
          options={themeNames.map((value) => ({ value, name: t(`terminal.themes.${value}`) }))}
          onChange={(value) => store.change({ theme: value })}
        />
        <MenuLine />
        <MenuChoice
          label={t('terminal.copying')}
          value={copying}
          options={permissions.map((value) => ({ value, name: t(`terminal.${value}`) }))}
          onChange={(value) => clipboard.answer(value)}
        />
        <MenuLine />
        <MenuItem onSelect={() => store.change({ bell: !bell })}>
          {bell ? <Bell aria-hidden /> : <BellOff aria-hidden />}
          {t(bell ? 'terminal.bellOn' : 'terminal.bellOff')}
        </MenuItem>
        {/^Mac/.test(navigator.platform) && (
          <MenuItem onSelect={() => store.change({ optionIsMeta: !optionIsMeta })}>
            <Option aria-hidden />
            {t(optionIsMeta ? 'terminal.optionAsMetaOn' : 'terminal.optionAsMetaOff')}
          </MenuItem>
        )}
        <MenuItem onSelect={() => store.change({ screenReader: !screenReader })}>
          <Ear aria-hidden />
          {t(screenReader ? 'terminal.screenReaderOff' : 'terminal.screenReaderOn')}
        </MenuItem>
        <MenuLine />
        <MenuItem disabled={!session} onSelect={() => setDialog('text')}>
          <TextSelect aria-hidden />
          {t('terminal.viewAsText')}
        </MenuItem>
        <MenuItem onSelect={() => setDialog('keys')}>
          <Keyboard aria-hidden />
          {t('terminal.shortcutsTitle')}
        </MenuItem>
        <MenuLine />
        <MenuItem disabled={!onRoot} onSelect={() => onRoot?.()}>
          <Hash aria-hidden />
          {t('terminal.newRoot')}
        </MenuItem>
        <MenuItem disabled={!session} onSelect={onRename}>
          <Pencil aria-hidden />
          {t('terminal.renameTab')}
        </MenuItem>
        <MenuItem danger disabled={!session || !onEnd} onSelect={() => onEnd?.()}>
          <X aria-hidden />
          {t('terminal.close')}
        </MenuItem>
      </Menu>
      {session && (
        <TextView
          screen={session.screen}
          open={dialog === 'text'}
          onOpenChange={(open) => setDialog(open ? 'text' : null)}
        />
      )}
      <KeysDialog open={dialog === 'keys'} onOpenChange={(open) => setDialog(open ? 'keys' : null)} />
    </>
  )
}
