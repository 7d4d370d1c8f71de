'use client'

import { Search } from 'lucide-react'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn'
import { Field } from './field'

/** The field above a list that says what of it is shown. Its label is for screen readers; the placeholder says the same. */
export function SearchField({ className, ...field }: ComponentProps<typeof Field>) {
  return (
    <div className={cn('relative', className)}>
      <Search
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted"
      />
      <Field bare type="search" className="pl-8" {...field} />
    </div>
  )
}
