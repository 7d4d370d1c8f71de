'use client'

import { ChevronsUpDown, LogIn, Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { tenant } from '../../lib/protocol'
import { activateTenant, useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'

/** Which tenant is at work, and the way to another. */
export function TenantMenu() {
  const t = useTranslations()
  const session = useSession()
  const toast = useToast()
  const router = useRouter()
  const [creating, setCreating] = useState(false)
  return (
    <>
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            className="flex w-full min-w-0 items-center gap-2 rounded-md border border-line bg-surface px-2.5 py-1.5 text-left hover:bg-hover"
          >
            <span className="min-w-0 flex-1">
              <span className="sr-only">{t('shell.tenantIs')}</span>
              <span className="block truncate font-medium">{oneLine(session.tenant.name)}</span>
            </span>
            <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-muted" />
          </button>
        }
      >
        <MenuChoice
          label={t('shell.tenant')}
          value={session.tenant.id}
          options={session.tenants.map(({ id, name }) => ({ value: id, name: oneLine(name) }))}
          onChange={(id) => {
            if (id !== session.tenant.id) activateTenant(id).catch(toast.failed)
          }}
        />
        <MenuLine />
        <MenuItem onSelect={() => setCreating(true)}>
          <Plus aria-hidden />
          {t('shell.newTenant')}
        </MenuItem>
        <MenuItem onSelect={() => router.push('/join')}>
          <LogIn aria-hidden />
          {t('shell.joinTenant')}
        </MenuItem>
      </Menu>
      <Dialog
        open={creating}
        onOpenChange={setCreating}
        title={t('shell.newTenant')}
        description={t('shell.newTenantText')}
      >
        <NewTenant />
      </Dialog>
    </>
  )
}

function NewTenant() {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const created = await call(tenant, '/tenants', { method: 'POST', body: { name: text(form, 'name') } })
    await activateTenant(created.id)
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field label={t('shell.tenantName')} name="name" required maxLength={64} error={fieldError('name')} />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('shell.createTenant')}
        </Button>
      </DialogFooter>
    </form>
  )
}
