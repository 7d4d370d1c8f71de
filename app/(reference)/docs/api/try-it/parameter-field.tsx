'use client'

import { useTranslations } from 'use-intl'
import { Field, SelectField } from '../../../../components/ui/field'
import type { OpenApiParameter } from '../../../../lib/protocol-openapi'
import { typeOf } from '../openapi'
import { Prose } from '../prose'

/** One parameter to be filled in: a choice where there are only some values. */
export function ParameterField({
  of,
  value,
  error,
  onChange,
}: {
  of: OpenApiParameter
  value: string
  error: string | undefined
  onChange: (value: string) => void
}) {
  const t = useTranslations()
  const { name, schema, required = false } = of
  const label = required ? t('reference.tryIt.needed', { name }) : name
  const description = of.description ?? schema.description
  const hint = description && <Prose text={description} />
  const values = schema.enum?.map(String)
  if (values !== undefined) {
    return (
      <SelectField
        label={label}
        hint={hint}
        error={error}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{t('reference.tryIt.none')}</option>
        {values.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </SelectField>
    )
  }
  return (
    <Field
      label={label}
      hint={hint}
      error={error}
      value={value}
      placeholder={schema.default === undefined ? typeOf(schema) : String(schema.default)}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      aria-required={required}
      className="font-mono text-xs"
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
