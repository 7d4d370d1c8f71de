'use client'

import { Plus, X } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { bytes, oneLine } from '../../lib/format'
import { type Volume, volumeList } from '../../lib/protocol-volumes'
import { useResource } from '../../lib/resource'
import { Button } from '../ui/button'
import { Field, SelectField } from '../ui/field'

const mib = 1024 ** 2

/** A volume as the form has it. */
export interface MountDraft {
  readonly key: number
  readonly volume: string
  readonly path: string
  readonly readOnly: boolean
}

/** Which volumes a new sandbox has, and where. Nothing where the tenant has none. */
export function VolumeChoice({
  drafts,
  onChange,
  fieldError,
}: {
  drafts: readonly MountDraft[]
  onChange: (drafts: readonly MountDraft[]) => void
  fieldError: (path: string) => string | undefined
}) {
  const t = useTranslations()
  const { data } = useResource('/volumes?limit=200', volumeList)
  const [first] = data?.items ?? []
  if (!data || first === undefined) return null
  const change = (key: number, part: Partial<MountDraft>) =>
    onChange(drafts.map((draft) => (draft.key === key ? { ...draft, ...part } : draft)))
  const pathOf = ({ name }: Volume) => `/${name.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-') || 'data'}`
  const add = () => {
    const next = data.items.find(({ id }) => drafts.every(({ volume }) => volume !== id)) ?? first
    const key = Math.max(0, ...drafts.map((draft) => draft.key)) + 1
    onChange([...drafts, { key, volume: next.id, path: pathOf(next), readOnly: false }])
  }
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-medium">{t('volumes.choice')}</legend>
      {drafts.map(({ key, volume, path, readOnly }, at) => (
        <div key={key} className="flex flex-wrap items-start gap-2">
          <div className="min-w-40 flex-1">
            <SelectField
              label={t('volumes.volume')}
              bare
              value={volume}
              onChange={(event) => change(key, { volume: event.target.value })}
            >
              {data.items.map((one) => (
                <option key={one.id} value={one.id}>
                  {oneLine(one.name)} ({bytes(one.sizeMiB * mib)})
                </option>
              ))}
            </SelectField>
          </div>
          <div className="min-w-40 flex-1">
            <Field
              label={t('volumes.path')}
              bare
              value={path}
              required
              spellCheck={false}
              autoCapitalize="off"
              className="font-mono text-xs"
              onChange={(event) => change(key, { path: event.target.value })}
              error={fieldError(`volumes.${at}.path`)}
            />
          </div>
          <label className="flex h-8 items-center gap-1.5 pointer-coarse:h-10">
            <input
              type="checkbox"
              checked={readOnly}
              onChange={(event) => change(key, { readOnly: event.target.checked })}
            />
            {t('volumes.readOnly')}
          </label>
          <Button
            look="quiet"
            size="iconSmall"
            type="button"
            aria-label={t('volumes.without', { path })}
            onClick={() => onChange(drafts.filter((draft) => draft.key !== key))}
          >
            <X />
          </Button>
        </div>
      ))}
      <div>
        <Button type="button" size="small" onClick={add} disabled={drafts.length >= 16}>
          <Plus aria-hidden />
          {t('volumes.mount')}
        </Button>
      </div>
    </fieldset>
  )
}
