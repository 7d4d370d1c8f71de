'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { quotaStatus } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useMay, useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'

/** Deletes the tenant, which has to be empty: no sandbox is ever deleted by the way. */
export function DeleteTenant() {
  const t = useTranslations()
  const owns = useMay('owner')
  const { tenants } = useSession()
  const [open, setOpen] = useState(false)
  const quota = useResource(owns ? '/quota' : null, quotaStatus)
  if (!owns) return null
  const sandboxes = quota.data?.used.sandboxes ?? 0
  const obstacle =
    tenants.length < 2
      ? t('settings.onlyTenant')
      : sandboxes > 0
        ? t('settings.deleteFirst', { count: sandboxes })
        : null
  return (
    <Panel title={t('settings.deleteTenant')}>
      <div className="flex flex-wrap items-center justify-between gap-3 p-4">
        <p className="max-w-md text-muted">
          {t('settings.deleteText')}
          {obstacle && <span className="mt-1 block">{obstacle}</span>}
        </p>
        <Button look="danger" disabled={obstacle !== null} onClick={() => setOpen(true)}>
          {t('settings.deleteTenantAsk')}
        </Button>
      </div>
      <Dialog open={open} onOpenChange={setOpen} title={t('settings.deleteTitle')}>
        <Ask />
      </Dialog>
    </Panel>
  )
}

function Ask() {
  const t = useTranslations()
  const { tenant } = useSession()
  const { submit, busy, error } = useSubmit(async (form) => {
    await order('/tenant', { method: 'DELETE', body: { name: text(form, 'name') } })
    window.location.assign('/sandboxes')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <p>
          {t.rich('settings.deletes', {
            name: oneLine(tenant.name),
            strong: (text) => <strong className="font-medium">{text}</strong>,
          })}
        </p>
        <Field label={t('settings.confirmName')} name="name" required autoComplete="off" />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="danger" busy={busy}>
          {t('settings.deleteTenant')}
        </Button>
      </DialogFooter>
    </form>
  )
}
