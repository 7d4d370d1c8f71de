'use client'

import { type ComponentProps, type ReactNode, useId } from 'react'
import { cn } from '../../lib/cn'

const box =
  'w-full rounded-md border border-edge bg-surface px-2.5 text-ink placeholder:text-muted aria-invalid:border-bad disabled:opacity-60'

interface Labelled {
  readonly label: string
  readonly hint?: ReactNode
  readonly error?: string | undefined
  /** The label is for screen readers only. */
  readonly bare?: boolean
}

function useField(hint: ReactNode, error: string | undefined) {
  const id = useId()
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return {
    id,
    aria: { 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined },
  }
}

function Frame({ id, label, hint, error, bare, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="grid content-start gap-1">
      <label htmlFor={id} className={bare ? 'sr-only' : 'font-medium'}>
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-muted text-xs">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-bad text-xs">
          {error}
        </p>
      )}
    </div>
  )
}

export function Field({
  label,
  hint,
  error,
  bare = false,
  className,
  ...input
}: Labelled & ComponentProps<'input'>) {
  const { id, aria } = useField(hint, error)
  return (
    <Frame id={id} label={label} hint={hint} error={error} bare={bare}>
      <input id={id} className={cn(box, 'h-8 pointer-coarse:h-10', className)} {...aria} {...input} />
    </Frame>
  )
}

/** Text of several lines, as a program reads it. */
export function AreaField({
  label,
  hint,
  error,
  bare = false,
  className,
  ...area
}: Labelled & ComponentProps<'textarea'>) {
  const { id, aria } = useField(hint, error)
  return (
    <Frame id={id} label={label} hint={hint} error={error} bare={bare}>
      <textarea
        id={id}
        spellCheck={false}
        autoCapitalize="off"
        autoCorrect="off"
        className={cn(box, 'py-1.5 font-mono text-xs leading-5', className)}
        {...aria}
        {...area}
      />
    </Frame>
  )
}

/** The browser's own list: the keyboard, the phone and the screen reader know it already. */
export function SelectField({
  label,
  hint,
  error,
  bare = false,
  className,
  ...select
}: Labelled & ComponentProps<'select'>) {
  const { id, aria } = useField(hint, error)
  return (
    <Frame id={id} label={label} hint={hint} error={error} bare={bare}>
      <select id={id} className={cn(box, 'h-8 pr-7 pointer-coarse:h-10', className)} {...aria} {...select} />
    </Frame>
  )
}
