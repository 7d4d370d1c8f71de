'use client'

import { RadioGroup } from 'radix-ui'
import type { ReactNode } from 'react'
import { cn } from '../../lib/cn'

export interface Option<T extends string> {
  readonly value: T
  readonly title: string
  readonly text?: ReactNode
  readonly disabled?: boolean
}

/** Cards of which one is chosen; arrows walk through them. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
  className,
}: {
  label: string
  value: T
  options: readonly Option<T>[]
  onChange: (value: T) => void
  className?: string
}) {
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1.5 font-medium">{label}</legend>
      <RadioGroup.Root
        aria-label={label}
        value={value}
        onValueChange={(chosen) => {
          const option = options.find((entry) => entry.value === chosen)
          if (option) onChange(option.value)
        }}
        className={cn('grid gap-2', className)}
      >
        {options.map((option) => (
          <RadioGroup.Item
            key={option.value}
            value={option.value}
            disabled={option.disabled ?? false}
            className="grid content-start gap-0.5 rounded-lg border border-edge/60 px-3 py-2 text-left enabled:hover:bg-hover disabled:opacity-55 data-[state=checked]:border-accent data-[state=checked]:bg-accent-soft enabled:data-[state=checked]:hover:bg-accent-soft data-[state=checked]:shadow-[inset_0_0_0_1px_var(--accent)]"
          >
            <span className="font-medium">{option.title}</span>
            {option.text && <span className="text-muted text-xs">{option.text}</span>}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
    </fieldset>
  )
}
