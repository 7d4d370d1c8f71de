import type { ReactNode } from 'react'
import { cn } from '../../lib/cn'

/** A region that scrolls by itself, and by keyboard. */
export function Scroll({
  label,
  className,
  children,
}: {
  label: string
  className?: string
  children: ReactNode
}) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
      tabIndex={0}
      className={cn('overflow-auto rounded-md border border-line bg-ground', className)}
    >
      {children}
    </section>
  )
}
