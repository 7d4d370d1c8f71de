'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenApi, OpenApiSchema as Schema } from '../../../lib/protocol-openapi'
import { fieldsBelow, type SchemaField, typeOf } from './openapi'
import { Prose } from './prose'

/** The fields of a schema. Those that have fields themselves open; what is closed is not made, so a schema may contain itself. */
export function SchemaTree({ api, of }: { api: OpenApi; of: Schema }) {
  return (
    <ul className="grid gap-1.5 text-xs leading-5">
      {fieldsBelow(api, of).map((field) => (
        <li key={field.name} className="min-w-0">
          <FieldLine api={api} field={field} />
        </li>
      ))}
    </ul>
  )
}

function FieldLine({ api, field }: { api: OpenApi; field: SchemaField }) {
  const [open, setOpen] = useState(false)
  if (fieldsBelow(api, field.of).length === 0) return <FieldText field={field} />
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="cursor-pointer rounded hover:bg-hover">
        <FieldText field={field} />
      </summary>
      {open && (
        <div className="mt-1.5 ml-1 border-line border-l pl-3">
          <SchemaTree api={api} of={field.of} />
        </div>
      )}
    </details>
  )
}

function FieldText({ field: { name, of, required } }: { field: SchemaField }) {
  const t = useTranslations()
  return (
    <span className="text-muted [overflow-wrap:anywhere]">
      <code className="text-ink">{name}</code>
      {required !== undefined && (
        <>
          {' '}
          {t(required ? 'reference.required' : 'reference.optional')}
          {' · '}
          {typeOf(of)}
        </>
      )}
      {of.default !== undefined && t('reference.defaultValue', { value: JSON.stringify(of.default) })}
      {of.description && <Prose text={`: ${of.description}`} />}
    </span>
  )
}
