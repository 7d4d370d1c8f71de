'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { LimitFields, limitsFrom, useNetworkLimit } from '../../components/keys/limit-fields'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Secret } from '../../components/ui/secret'
import { call } from '../../lib/api'
import { apiKeyCreated } from '../../lib/protocol-keys'
import { text, useSubmit } from '../../lib/use-submit'

export function NewKeyDialog({
  open,
  onOpenChange,
  onCreated,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onCreated: () => void
}) {
  const t = useTranslations()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('keys.newApiKey')}>
      <NewKey onCreated={onCreated} onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function NewKey({ onCreated, onDone }: { onCreated: () => void; onDone: () => void }) {
  const t = useTranslations()
  const [made, setMade] = useState<z.infer<typeof apiKeyCreated>>()
  const [network, setNetwork] = useNetworkLimit()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const days = Number(text(form, 'days'))
    const limits = limitsFrom(form, network)
    const body = {
      ...{ name: text(form, 'name'), ...(days ? { expiresInDays: days } : {}) },
      ...(limits === undefined ? {} : { limits }),
    }
    setMade(await call(apiKeyCreated, '/keys', { method: 'POST', body }))
    onCreated()
  })
  if (made) {
    return (
      <>
        <DialogBody>
          <Notice tone="warn">{t('keys.copyNow')}</Notice>
          <Secret label={t('keys.key')} value={made.key} />
        </DialogBody>
        <DialogFooter>
          <CopyButton text={made.key} what={t('keys.theKey')} />
          <Button look="primary" onClick={onDone}>
            {t('keys.done')}
          </Button>
        </DialogFooter>
      </>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('keys.name')}
          name="name"
          required
          maxLength={64}
          placeholder={t('keys.nameExample')}
          error={fieldError('name')}
        />
        <SelectField
          label={t('keys.expiresAfter')}
          name="days"
          defaultValue="90"
          error={fieldError('expiresInDays')}
        >
          <option value="7">{t('keys.lifetimes.days7')}</option>
          <option value="30">{t('keys.lifetimes.days30')}</option>
          <option value="90">{t('keys.lifetimes.days90')}</option>
          <option value="365">{t('keys.lifetimes.year')}</option>
          <option value="">{t('keys.noExpiry')}</option>
        </SelectField>
        <LimitFields network={network} onNetwork={setNetwork} fieldError={fieldError} />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('keys.createKey')}
        </Button>
      </DialogFooter>
    </form>
  )
}
