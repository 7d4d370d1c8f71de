'use client'

import { ChevronRight, Plus, X } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { SizeChoice, type SizeDraft } from '../../components/sandbox/size-choice'
import { Button } from '../../components/ui/button'
import { AreaField, Field, SelectField } from '../../components/ui/field'
import { buildBounds } from '../../lib/protocol-builds'

export interface SecretDraft {
  readonly key: number
  readonly id: string
  readonly value: string
}

/** What few builds need, closed at first. */
export function OptionsFields({
  secrets,
  onSecrets,
  size,
  onSize,
  fieldError,
}: {
  secrets: readonly SecretDraft[]
  onSecrets: (secrets: readonly SecretDraft[]) => void
  size: SizeDraft
  onSize: (size: SizeDraft) => void
  fieldError: (path: string) => string | undefined
}) {
  const t = useTranslations()
  return (
    <details className="group">
      <summary className="flex w-fit items-center gap-1.5 rounded font-medium [&>svg]:size-4">
        <ChevronRight aria-hidden className="text-muted transition-transform group-open:rotate-90" />
        {t('builds.more')}
      </summary>
      <div className="mt-4 grid gap-4">
        <AreaField
          label={t('builds.args')}
          name="args"
          rows={3}
          placeholder="VERSION=1.2"
          hint={t('builds.argsHint')}
        />
        <Secrets secrets={secrets} onChange={onSecrets} />
        <div className="grid gap-4 sm:grid-cols-2">
          {(['start', 'ready'] as const).map((name) => (
            <Field
              key={name}
              label={t(`builds.${name}Command`)}
              name={name}
              maxLength={4096}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              className="font-mono text-xs"
              hint={t(`builds.${name}Hint`)}
              error={fieldError(`options.${name}`) ?? fieldError(name)}
            />
          ))}
          <Field
            label={t('builds.target')}
            name="target"
            maxLength={64}
            autoComplete="off"
            hint={t('builds.targetHint')}
          />
          <Field
            label={t('builds.description')}
            name="description"
            maxLength={200}
            autoComplete="off"
            hint={t('builds.descriptionHint')}
          />
          <SelectField label={t('builds.network')} name="network" hint={t('builds.networkHint')}>
            <option value="internet">{t('sandbox.internet')}</option>
            <option value="none">{t('sandbox.none')}</option>
          </SelectField>
          <Field
            label={t('builds.timeout')}
            name="minutes"
            type="number"
            inputMode="numeric"
            min={1}
            max={buildBounds.timeoutSeconds / 60}
            defaultValue={30}
            required
            hint={t('builds.timeoutHint')}
          />
        </div>
        <SizeChoice draft={size} onChange={onSize} fieldError={fieldError} />
      </div>
    </details>
  )
}

function Secrets({
  secrets,
  onChange,
}: {
  secrets: readonly SecretDraft[]
  onChange: (secrets: readonly SecretDraft[]) => void
}) {
  const t = useTranslations()
  const change = (key: number, part: Partial<SecretDraft>) =>
    onChange(secrets.map((one) => (one.key === key ? { ...one, ...part } : one)))
  const add = () =>
    onChange([...secrets, { key: Math.max(0, ...secrets.map(({ key }) => key)) + 1, id: '', value: '' }])
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-medium">{t('builds.secrets')}</legend>
      <p className="text-muted text-xs">{t('builds.secretsHint')}</p>
      {secrets.map(({ key, id, value }) => (
        <div key={key} className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            <Field
              label={t('builds.secretId')}
              bare
              value={id}
              required
              autoComplete="off"
              spellCheck={false}
              pattern="[A-Za-z0-9_][A-Za-z0-9_.\-]*"
              maxLength={64}
              placeholder={t('builds.secretId')}
              className="font-mono text-xs"
              onChange={(event) => change(key, { id: event.currentTarget.value })}
            />
          </div>
          <div className="min-w-0 flex-1">
            <Field
              label={t('builds.secretValue')}
              bare
              type="password"
              value={value}
              autoComplete="off"
              maxLength={buildBounds.secretBytes}
              placeholder={t('builds.secretValue')}
              onChange={(event) => change(key, { value: event.currentTarget.value })}
            />
          </div>
          <Button
            look="quiet"
            size="icon"
            aria-label={t('builds.withoutSecret', { id })}
            onClick={() => onChange(secrets.filter((one) => one.key !== key))}
          >
            <X />
          </Button>
        </div>
      ))}
      <div>
        <Button size="small" onClick={add} disabled={secrets.length >= buildBounds.secrets}>
          <Plus aria-hidden />
          {t('builds.addSecret')}
        </Button>
      </div>
    </fieldset>
  )
}
