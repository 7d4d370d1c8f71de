'use client'

import { useId } from 'react'

/** Text to be taken away whole: a click selects all of it. */
export function Secret({ label, value }: { label: string; value: string }) {
  const id = useId()
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        readOnly
        value={value}
        onFocus={(event) => event.currentTarget.select()}
        className="h-9 w-full rounded-md border border-edge bg-ground px-2.5 font-mono text-xs"
      />
    </div>
  )
}
