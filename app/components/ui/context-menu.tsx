'use client'

import { ContextMenu as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { isFocusLost, useFocusHome } from './focus-home'
import { menuItem } from './menu'

/** A menu where the pointer is: by its right button, by a long touch, or by the menu key. */
export function ContextMenu({ menu, children }: { menu: ReactNode; children: ReactNode }) {
  const home = useFocusHome()
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          collisionPadding={8}
          // What an item opened has the focus by now and keeps it.
          onCloseAutoFocus={(event) => (!isFocusLost() || home.focus()) && event.preventDefault()}
          className="z-50 min-w-44 max-w-80 animate-pop overflow-y-auto rounded-lg bg-raised p-1 shadow-pop"
        >
          {menu}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function ContextItem({
  onSelect,
  danger = false,
  disabled = false,
  children,
}: {
  onSelect: () => void
  danger?: boolean
  disabled?: boolean
  children: ReactNode
}) {
  return (
    <Radix.Item className={menuItem(danger)} disabled={disabled} onSelect={onSelect}>
      {children}
    </Radix.Item>
  )
}

export function ContextLine() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />
}
