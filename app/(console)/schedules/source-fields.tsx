import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Field, SelectField } from '../../components/ui/field'
import { oneLine } from '../../lib/format'
import { sandboxList } from '../../lib/protocol'
import type { RebuildSource } from '../../lib/protocol-schedules'
import { volumeList } from '../../lib/protocol-volumes'
import { useResource } from '../../lib/resource'
import { text } from '../../lib/use-submit'

const kinds = ['volume', 'sandbox', 'image'] as const
type Kind = (typeof kinds)[number]
const kindOf = (source: RebuildSource | null): Kind =>
  source === null || 'volume' in source ? 'volume' : 'sandbox' in source ? 'sandbox' : 'image'

/** The sandboxes of the tenant, to choose one. */
export function SandboxSelect({ chosen, label }: { chosen?: string | undefined; label: string }) {
  const { data } = useResource('/sandboxes?limit=200', sandboxList)
  return (
    <SelectField label={label} name="sandbox" key={data === undefined ? 0 : 1} defaultValue={chosen} required>
      {data?.items.map(({ id, name }) => (
        <option key={id} value={id}>
          {oneLine(name)}
        </option>
      ))}
    </SelectField>
  )
}

/** What a template is made anew of. */
export function SourceFields({ source }: { source: RebuildSource | null }) {
  const t = useTranslations()
  const [kind, setKind] = useState(kindOf(source))
  const volumes = useResource(kind === 'volume' ? '/volumes?limit=200' : null, volumeList)
  const isKind = (value: string): value is Kind => kinds.some((one) => one === value)
  return (
    <>
      <SelectField
        label={t('schedules.from')}
        name="from"
        value={kind}
        onChange={({ target: { value } }) => isKind(value) && setKind(value)}
      >
        {kinds.map((one) => (
          <option key={one} value={one}>
            {t(`schedules.sources.${one}`)}
          </option>
        ))}
      </SelectField>
      {kind === 'image' ? (
        <Field
          label={t('schedules.image')}
          name="image"
          defaultValue={source !== null && 'image' in source ? source.image : undefined}
          placeholder="app:1.0"
          required
          maxLength={512}
          autoComplete="off"
        />
      ) : (
        <div className="grid gap-4 sm:grid-cols-2">
          {kind === 'volume' ? (
            <SelectField
              label={t('schedules.sources.volume')}
              name="volume"
              key={volumes.data === undefined ? 0 : 1}
              defaultValue={source !== null && 'volume' in source ? source.volume : undefined}
              required
            >
              {volumes.data?.items.map(({ id, name }) => (
                <option key={id} value={id}>
                  {oneLine(name)}
                </option>
              ))}
            </SelectField>
          ) : (
            <SandboxSelect
              label={t('schedules.sources.sandbox')}
              chosen={source !== null && 'sandbox' in source ? source.sandbox : undefined}
            />
          )}
          <Field
            label={t('schedules.path')}
            name="path"
            defaultValue={source !== null && 'path' in source ? source.path : '/'}
            required
            maxLength={4096}
            autoComplete="off"
            hint={t('schedules.pathHint')}
          />
        </div>
      )}
    </>
  )
}

/** @param before keeps the options that the form does not ask */
export function sourceOf(form: FormData, before: RebuildSource | null) {
  if (text(form, 'from') === 'image') return { image: text(form, 'image').trim() }
  const rest = {
    path: text(form, 'path').trim(),
    ...(before !== null && 'options' in before ? { options: before.options } : {}),
  }
  return text(form, 'from') === 'volume'
    ? { volume: text(form, 'volume'), ...rest }
    : { sandbox: text(form, 'sandbox'), ...rest }
}
