'use client'

import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type AccountDeletion, accountDeletion } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { text, useSubmit } from '../../lib/use-submit'

type Tenant = AccountDeletion['tenants'][number]

const strong = (text: ReactNode) => <strong className="font-medium">{text}</strong>

export function DeleteAccount() {
  const t = useTranslations()
  const [open, setOpen] = useState(false)
  return (
    <Panel title={t('account.deleteAccount')}>
      <div className="flex flex-wrap items-center justify-between gap-3 p-4">
        <p className="max-w-lg text-muted">{t('account.deleteText')}</p>
        <Button look="danger" onClick={() => setOpen(true)}>
          {t('account.deleteAccountAsk')}
        </Button>
      </div>
      <Dialog open={open} onOpenChange={setOpen} title={t('account.deleteTitle')}>
        <Deletion />
      </Dialog>
    </Panel>
  )
}

function Deletion() {
  const t = useTranslations()
  const { data, error, mutate } = useResource('/account/deletion', accountDeletion)
  if (!data) return error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />
  const of = (outcome: Tenant['outcome']) => data.tenants.filter((tenant) => tenant.outcome === outcome)
  const blocked = of('blocked')
  if (data.lastOperator) {
    return (
      <DialogBody>
        <Notice tone="warn">{t('account.lastOperator')}</Notice>
      </DialogBody>
    )
  }
  if (blocked.length > 0) {
    return (
      <DialogBody>
        <Notice tone="warn">{t('account.blocked', { count: blocked.length })}</Notice>
        <ul className="grid list-disc gap-1.5 pl-5">
          {blocked.map((tenant) => (
            <li key={tenant.id}>
              {tenant.members > 0
                ? t.rich('account.blockedMembers', {
                    strong,
                    name: oneLine(tenant.name),
                    count: tenant.members,
                  })
                : t.rich('account.blockedSandboxes', {
                    ...{
                      strong,
                      name: oneLine(tenant.name),
                      count: tenant.sandboxes,
                      volumes: tenant.volumes,
                    },
                  })}
            </li>
          ))}
        </ul>
      </DialogBody>
    )
  }
  return <Ask leaving={of('leave')} deleting={of('delete')} />
}

function Ask({ leaving, deleting }: { leaving: readonly Tenant[]; deleting: readonly Tenant[] }) {
  const t = useTranslations()
  const { submit, busy, error } = useSubmit(async (form) => {
    await order('/account', { method: 'DELETE', body: { currentPassword: text(form, 'password') } })
    window.location.assign('/sign-in')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <p>{t('account.permanently')}</p>
        <ul className="grid list-disc gap-1.5 pl-5">
          <li>{t('account.deletesAccount')}</li>
          {deleting.map((tenant) => (
            <li key={tenant.id}>
              {t.rich('account.deletesTenant', {
                ...{ strong, name: oneLine(tenant.name), runs: tenant.runs, keys: tenant.keys },
              })}
            </li>
          ))}
        </ul>
        {leaving.length > 0 && (
          <p>{t('account.leaves', { names: leaving.map(({ name }) => oneLine(name)).join(', ') })}</p>
        )}
        <Field
          label={t('account.currentPassword')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="danger" busy={busy}>
          {t('account.deleteAccount')}
        </Button>
      </DialogFooter>
    </form>
  )
}
