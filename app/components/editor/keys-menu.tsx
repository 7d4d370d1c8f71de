'use client'

import { Keyboard } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { keyBindingNames, keyBindings } from '../../editor/key-bindings'
import { useStore } from '../../terminal/use-store'
import { Menu, MenuChoice } from '../ui/menu'

/** Chooses between the keys of this editor, of Vim and of Emacs. */
export function KeysMenu() {
  const t = useTranslations()
  const bindings = keyBindings()
  const chosen = useStore(bindings)
  const name = (of: (typeof keyBindingNames)[number]) => t(`editor.keys.${of}`)
  return (
    <Menu
      side="top"
      trigger={
        <button
          type="button"
          aria-label={t('editor.keysMenu', { name: name(chosen) })}
          className="flex items-center gap-1 rounded px-1 hover:text-ink"
        >
          <Keyboard aria-hidden className="size-3.5" />
          {chosen !== 'standard' && name(chosen)}
        </button>
      }
    >
      <MenuChoice
        label={t('editor.keysLabel')}
        value={chosen}
        options={keyBindingNames.map((value) => ({ value, name: name(value) }))}
        onChange={(value) => bindings.choose(value)}
      />
    </Menu>
  )
}
