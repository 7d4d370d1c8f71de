'use client'

import { type SyntheticEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError } from './api'
import { explain } from './text-error'

export interface Submission {
  readonly submit: (event: SyntheticEvent<HTMLFormElement>) => void
  readonly busy: boolean
  /** Its message is for the person, in their language. */
  readonly error: Error | undefined
  /** What the API says of one field. */
  readonly fieldError: (path: string) => string | undefined
}

/**
 * A form that is sent once: busy until its answer, then its error or nothing. Work that ends in `'leaving'` stays
 * busy, because the page goes away.
 */
export function useSubmit(work: (form: FormData) => Promise<unknown>): Submission {
  const t = useTranslations()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  return {
    busy,
    error,
    fieldError: (path) => (error instanceof ApiError ? error.fields.get(path) : undefined),
    submit: (event) => {
      event.preventDefault()
      if (busy) return
      const form = new FormData(event.currentTarget)
      setBusy(true)
      setError(undefined)
      work(form).then(
        (end) => end !== 'leaving' && setBusy(false),
        (failure: unknown) => {
          setError(failure instanceof ApiError ? failure : new Error(explain(failure, t), { cause: failure }))
          setBusy(false)
        },
      )
    },
  }
}

/** A text field's value. */
export function text(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
