'use client'

import type { RefObject } from 'react'
import { useTranslations } from 'use-intl'
import { placeOf } from './request'

/** What the server says of one field. */
export interface FieldRemark {
  /** Such as `limits.memoryMiB`; empty for the body as a whole. */
  readonly field: string
  readonly message: string
}

/** What the server says of the fields of a body: each leads to its place in the text. */
export function BodyRemarks({
  remarks,
  body,
  area,
}: {
  remarks: readonly FieldRemark[]
  body: string
  area: RefObject<HTMLElement | null>
}) {
  const t = useTranslations()
  if (remarks.length === 0) return null
  const show = (offset: number, length: number) => {
    const text = area.current?.querySelector('textarea')
    text?.focus()
    text?.setSelectionRange(offset, offset + length)
  }
  return (
    <ul aria-label={t('reference.tryIt.remarks')} className="grid gap-0.5 text-bad text-xs">
      {remarks.map(({ field, message }) => {
        const place = placeOf(body, field)
        return (
          <li key={`${field} ${message}`} className="[overflow-wrap:anywhere]">
            {place && field !== '' ? (
              <button
                type="button"
                className="rounded py-1 font-mono underline"
                onClick={() => show(place.offset, place.length)}
              >
                {t('reference.tryIt.fieldAt', { field, line: String(place.line) })}
              </button>
            ) : (
              <code>{field}</code>
            )}{' '}
            {message}
          </li>
        )
      })}
    </ul>
  )
}
