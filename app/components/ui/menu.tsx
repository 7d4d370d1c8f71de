'use client'

import { DropdownMenu } from 'radix-ui'
import { type ReactNode, useRef } from 'react'
import { cn } from '../../lib/cn'
import { isFocusLost, useFocusHome } from './focus-home'

const item =
  'flex cursor-pointer select-none items-center gap-2.5 rounded px-2 py-1.5 outline-none data-disabled:cursor-not-allowed data-disabled:opacity-50 data-highlighted:bg-hover pointer-coarse:py-2.5 [&>svg]:size-4 [&>svg]:text-muted'

/** How an item of a menu looks. */
export function menuItem(danger: boolean): string {
  return cn(item, danger && 'text-bad [&>svg]:text-bad')
}

export function Menu({
  trigger,
  children,
  side = 'bottom',
  align = 'end',
}: {
  trigger: ReactNode
  children: ReactNode
  side?: 'top' | 'bottom'
  align?: 'start' | 'end'
}) {
  const home = useFocusHome()
  // Whoever opens it by keyboard and leaves it with Escape goes on from its button.
  const byKeyboard = useRef(false)
  const escaped = useRef(false)
  const onCloseAutoFocus = (event: Event) => {
    const back = byKeyboard.current && escaped.current
    escaped.current = false
    // What an item opened has the focus by now and keeps it.
    if (!isFocusLost() || (!back && home.focus())) event.preventDefault()
  }
  return (
    // Not modal: the page behind stays what it is for screen readers, and a click on it closes the menu and counts.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        asChild
        onPointerDown={() => {
          byKeyboard.current = false
        }}
        onKeyDown={() => {
          byKeyboard.current = true
        }}
      >
        {trigger}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          side={side}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onCloseAutoFocus}
          onEscapeKeyDown={() => {
            escaped.current = true
          }}
          className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 max-w-80 animate-pop overflow-y-auto rounded-lg bg-raised p-1 shadow-pop"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

export function MenuItem({
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
    <DropdownMenu.Item className={menuItem(danger)} disabled={disabled} onSelect={onSelect}>
      {children}
    </DropdownMenu.Item>
  )
}

/** One of several, of which one is chosen. */
export function MenuChoice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: T
  options: readonly { readonly value: T; readonly name: string }[]
  onChange: (value: T) => void
}) {
  return (
    <DropdownMenu.RadioGroup
      value={value}
      onValueChange={(chosen) => {
        const option = options.find((entry) => entry.value === chosen)
        if (option) onChange(option.value)
      }}
    >
      <DropdownMenu.Label className="px-2 pt-1.5 pb-0.5 text-muted text-xs">{label}</DropdownMenu.Label>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value} className={item}>
          <span className="grid size-4 place-items-center">
            <DropdownMenu.ItemIndicator className="size-1.5 rounded-full bg-accent" />
          </span>
          <span className="truncate">{option.name}</span>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  )
}

export function MenuLine() {
  return <DropdownMenu.Separator className="-mx-1 my-1 h-px bg-line" />
}
