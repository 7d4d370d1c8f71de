'use client'

import { ClipboardPaste } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { pasteText } from '../../lib/clipboard'
import { cn } from '../../lib/cn'
import type { TerminalSession } from '../../terminal/session'
import { useStore } from '../../terminal/use-store'
import { PasteDialog } from './paste-dialog'

/** Keys that a phone's keyboard lacks. Only where a finger is the pointer. */
export function PhoneKeys({ session }: { session: TerminalSession }) {
  const t = useTranslations()
  const held = useStore(session.held)
  const [pasting, setPasting] = useState(false)
  const arrow = (letter: string) => () =>
    session.type(`\x1b${session.screen.xterm.modes.applicationCursorKeysMode ? 'O' : '['}${letter}`)
  const text = (sent: string) => () => session.type(sent)
  const paste = async () => {
    const copied = await pasteText()
    if (copied === null) setPasting(true)
    else session.screen.paste(copied)
  }
  return (
    <div
      role="toolbar"
      aria-label={t('terminal.extraKeys')}
      className="hidden shrink-0 gap-1 overflow-x-auto border-line border-t bg-ground p-1.5 pb-[max(0.375rem,env(safe-area-inset-bottom))] pointer-coarse:flex"
    >
      <Key label={t('terminal.keys.escape')} onPress={text('\x1b')}>
        Esc
      </Key>
      <Key label={t('terminal.keys.tab')} onPress={text('\t')}>
        Tab
      </Key>
      <Key
        label={t('terminal.keys.control')}
        on={held.ctrl}
        onPress={() => session.held.set({ ...held, ctrl: !held.ctrl })}
      >
        Ctrl
      </Key>
      <Key
        label={t('terminal.keys.alt')}
        on={held.alt}
        onPress={() => session.held.set({ ...held, alt: !held.alt })}
      >
        Alt
      </Key>
      <Key label={t('terminal.keys.left')} onPress={arrow('D')}>
        ←
      </Key>
      <Key label={t('terminal.keys.up')} onPress={arrow('A')}>
        ↑
      </Key>
      <Key label={t('terminal.keys.down')} onPress={arrow('B')}>
        ↓
      </Key>
      <Key label={t('terminal.keys.right')} onPress={arrow('C')}>
        →
      </Key>
      <Key label={t('terminal.keys.paste')} onPress={() => void paste()}>
        <ClipboardPaste aria-hidden className="size-4" />
      </Key>
      {['/', '-', '|', '~'].map((sign) => (
        <Key key={sign} label={sign} onPress={text(sign)}>
          {sign}
        </Key>
      ))}
      <Key label={t('terminal.keys.home')} onPress={arrow('H')}>
        Home
      </Key>
      <Key label={t('terminal.keys.end')} onPress={arrow('F')}>
        End
      </Key>
      <PasteDialog
        open={pasting}
        onOpenChange={setPasting}
        onPaste={(pasted) => session.screen.paste(pasted)}
      />
    </div>
  )
}

function Key({
  label,
  on,
  onPress,
  children,
}: {
  label: string
  on?: boolean
  onPress: () => void
  children: ReactNode
}) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={on}
      // The phone's keyboard goes away when the terminal loses the focus.
      onPointerDown={(event) => event.preventDefault()}
      onClick={onPress}
      className={cn(
        'grid h-10 min-w-10 shrink-0 place-items-center rounded-md border border-line bg-surface px-2 font-mono text-xs active:bg-hover',
        on && 'border-accent bg-accent-soft text-accent',
      )}
    >
      {children}
    </button>
  )
}
