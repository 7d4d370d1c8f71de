'use client'

import { Minus, Plus } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useTranslations } from 'use-intl'
import { preferences } from '../../terminal/preferences'
import { useStore } from '../../terminal/use-store'

/** Two entries of a menu that stays open while they are pressed. */
export function FontSize() {
  const t = useTranslations()
  const store = preferences()
  const { fontSize } = useStore(store)
  const size = String(fontSize)
  const step = (by: number) => store.resizeText(by)
  const item =
    'grid size-7 cursor-pointer place-items-center rounded outline-none data-highlighted:bg-hover [&>svg]:size-4'
  return (
    <>
      <DropdownMenu.Item
        aria-label={t('terminal.fontSizeDown', { size })}
        className={item}
        onSelect={(event) => {
          event.preventDefault()
          step(-1)
        }}
      >
        <Minus aria-hidden />
      </DropdownMenu.Item>
      <span className="tabular w-12 text-center" aria-hidden>
        {t('terminal.fontSize', { size })}
      </span>
      <DropdownMenu.Item
        aria-label={t('terminal.fontSizeUp', { size })}
        className={item}
        onSelect={(event) => {
          event.preventDefault()
          step(1)
        }}
      >
        <Plus aria-hidden />
      </DropdownMenu.Item>
    </>
  )
}
