import type { CSSProperties, ReactNode } from 'react'
import { cn } from '../../lib/cn'

/** The head of a page: its name, what it is for, and its main action. */
export function PageHead({
  title,
  children,
  action,
}: {
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="font-semibold text-xl tracking-tight">{title}</h1>
        {children && <p className="mt-0.5 max-w-2xl text-muted">{children}</p>}
      </div>
      {action}
    </header>
  )
}

export function Panel({
  title,
  action,
  className,
  children,
}: {
  title?: string
  action?: ReactNode
  className?: string
  children: ReactNode
}) {
  return (
    <section
      aria-label={title}
      className={cn('relative overflow-hidden rounded-lg border border-line bg-surface', className)}
    >
      {title && (
        <div className="flex min-h-11 items-center justify-between gap-3 border-line border-b px-4 py-1.5">
          <h2 className="font-semibold">{title}</h2>
          {action}
        </div>
      )}
      {children}
    </section>
  )
}

/**
 * A table. Where it has too little room each row is a card: the first cell is its title, the others stand under each other
 * beside the heads of their columns (`cards` of globals.css). Should it still be too wide it scrolls sideways, can be
 * scrolled by keyboard, and has a shadow on the side where more is.
 */
export function Table({
  label,
  head,
  children,
}: {
  label: string
  /** A name that begins with `·` is for screen readers only. */
  head: readonly string[]
  children: ReactNode
}) {
  const names: CSSProperties = {}
  for (const [index, name] of head.entries()) {
    names[`--column-${index + 1}`] = JSON.stringify(name.startsWith('·') ? '' : name)
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
    <section className="scroll-hint @container relative overflow-x-auto" aria-label={label} tabIndex={0}>
      <table
        style={names}
        className={cn(
          'w-full text-left [&_td]:px-4 [&_td]:py-2.5 [&_th]:px-4 [&_th]:py-2',
          head.length > 4 ? '@max-[60rem]:cards' : '@max-3xl:cards',
        )}
      >
        <thead className="border-line border-b text-muted text-xs">
          <tr>
            {head.map((name) => (
              <th key={name} scope="col" className="whitespace-nowrap font-medium">
                {name.startsWith('·') ? <span className="sr-only">{name.slice(1)}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">{children}</tbody>
      </table>
    </section>
  )
}
