'use client'

import { Tooltip } from 'radix-ui'
import type { ReactNode } from 'react'
import { Keys } from './keys'

/** What a button without words does, and its keys. The button still needs its `aria-label`. */
export function Tip({ text, keys, children }: { text: string; keys?: string; children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={200}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content
            sideOffset={6}
            collisionPadding={8}
            className="z-50 flex animate-fade items-center gap-2 rounded-md bg-raised px-2 py-1 text-xs shadow-pop"
          >
            {text}
            {keys && <Keys keys={keys} />}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  )
}
