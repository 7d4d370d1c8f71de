'use client'

import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export interface TabPage<T extends string> {
  readonly value: T
  readonly title: string
  readonly children: ReactNode
}

/** Pages of which one is shown. The others stay as they are, with what was typed into them. */
export function Tabs<T extends string>({
  label,
  value,
  onChange,
  pages,
}: {
  label: string
  value: T
  onChange: (value: T) => void
  pages: readonly TabPage<T>[]
}) {
  return (
    <Radix.Root
      value={value}
      onValueChange={(chosen) => {
        const page = pages.find((one) => one.value === chosen)
        if (page) onChange(page.value)
      }}
    >
      <Radix.List aria-label={label} className="mb-5 flex flex-wrap gap-x-1 border-line border-b">
        {pages.map((page) => (
          <Radix.Trigger
            key={page.value}
            value={page.value}
            className="-mb-px rounded-t border-transparent border-b-2 px-3 py-2 font-medium text-muted outline-offset-[-2px] hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {page.title}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {pages.map((page) => (
        <Radix.Content
          key={page.value}
          value={page.value}
          forceMount
          hidden={page.value !== value}
          className="grid gap-5 outline-none data-[state=inactive]:hidden"
        >
          {page.children}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
