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
import type { ClipboardPermission, Permission } from '../../terminal/clipboard'
import { preferences } from '../../terminal/preferences'
import type { TerminalSession } from '../../terminal/session'
import { themeNames, themeTitles } from '../../terminal/themes'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu'
import { FontSize } from './font-size'
import { KeysDialog } from './keys-dialog'
import { TextView } from './text-view'

const themeOptions = themeNames.map((value) => ({ value, name: themeTitles[value] }))

const copyingOptions = [
  { value: 'ask', name: 'Ask' },
  { value: 'allow', name: 'Allow' },
  { value: 'block', name: 'Block' },
] as const satisfies readonly { value: Permission; name: string }[]

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
  onEnd: () => void
  /** Opens a root shell; undefined while none can be opened. */
  onRoot: (() => void) | undefined
  clipboard: ClipboardPermission
}) {
  const store = preferences()
  const { theme, bell, screenReader, optionIsMeta } = useStore(store)
  const copying = useStore(clipboard)
  const [dialog, setDialog] = useState<'text' | 'keys' | null>(null)
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" size="iconSmall" aria-label="Terminal settings">
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
          label="Color theme"
          value={theme}
          options={themeOptions}
          onChange={(value) => store.change({ theme: value })}
        />
        <MenuLine />
        <MenuChoice
          label="Programs of this sandbox copy to the clipboard"
          value={copying}
          options={copyingOptions}
          onChange={(value) => clipboard.answer(value)}
        />
        <MenuLine />
        <MenuItem onSelect={() => store.change({ bell: !bell })}>
          {bell ? <Bell aria-hidden /> : <BellOff aria-hidden />}
          {bell ? 'Visual bell: on' : 'Visual bell: off'}
        </MenuItem>
        {/^Mac/.test(navigator.platform) && (
          <MenuItem onSelect={() => store.change({ optionIsMeta: !optionIsMeta })}>
            <Option aria-hidden />
            {optionIsMeta ? 'Option as Meta: on' : 'Option as Meta: off'}
          </MenuItem>
        )}
        <MenuItem onSelect={() => store.change({ screenReader: !screenReader })}>
          <Ear aria-hidden />
          {screenReader ? 'Turn screen reader support off' : 'Turn screen reader support on'}
        </MenuItem>
        <MenuLine />
        <MenuItem disabled={!session} onSelect={() => setDialog('text')}>
          <TextSelect aria-hidden />
          View as text
        </MenuItem>
        <MenuItem onSelect={() => setDialog('keys')}>
          <Keyboard aria-hidden />
          Keyboard shortcuts
        </MenuItem>
        <MenuLine />
        <MenuItem disabled={!onRoot} onSelect={() => onRoot?.()}>
          <Hash aria-hidden />
          New root terminal
        </MenuItem>
        <MenuItem disabled={!session} onSelect={onRename}>
          <Pencil aria-hidden />
          Rename tab
        </MenuItem>
        <MenuItem danger disabled={!session} onSelect={onEnd}>
          <X aria-hidden />
          Close terminal
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
