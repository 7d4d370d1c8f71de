'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { order } from '../../lib/api'
import { count, oneLine } from '../../lib/format'
import { type AccountDeletion, accountDeletion } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { text, useSubmit } from '../../lib/use-submit'

type Tenant = AccountDeletion['tenants'][number]

export function DeleteAccount() {
  const [open, setOpen] = useState(false)
  return (
    <Panel title="Delete account">
      <div className="flex flex-wrap items-center justify-between gap-3 p-4">
        <p className="max-w-lg text-muted">
          Deletes your account and the tenants that only you use. Tenants with other members or with sandboxes
          are never deleted this way.
        </p>
        <Button look="danger" onClick={() => setOpen(true)}>
          Delete account…
        </Button>
      </div>
      <Dialog open={open} onOpenChange={setOpen} title="Delete your account?">
        <Deletion />
      </Dialog>
    </Panel>
  )
}

function Deletion() {
  const { data, error, mutate } = useResource('/account/deletion', accountDeletion)
  if (!data) return error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />
  const of = (outcome: Tenant['outcome']) => data.tenants.filter((tenant) => tenant.outcome === outcome)
  const blocked = of('blocked')
  if (data.lastOperator) {
    return (
      <DialogBody>
        <Notice tone="warn">
          You are the only operator of this installation, so your account cannot be deleted.
        </Notice>
      </DialogBody>
    )
  }
  if (blocked.length > 0) {
    return (
      <DialogBody>
        <Notice tone="warn">
          You are the only owner of {blocked.length === 1 ? 'a tenant' : 'tenants'} that others use or that
          still {blocked.length === 1 ? 'has' : 'have'} sandboxes. Nothing is deleted until you have done
          this:
        </Notice>
        <ul className="grid list-disc gap-1.5 pl-5">
          {blocked.map((tenant) => (
            <li key={tenant.id}>
              <strong className="font-medium">{oneLine(tenant.name)}</strong>:{' '}
              {tenant.members > 0
                ? `make one of its ${count(tenant.members, 'other member')} an owner (Members page)`
                : `delete its ${count(tenant.sandboxes, 'sandbox', 'sandboxes')}`}
              {tenant.members > 0 && ', or remove its members and delete its sandboxes'}
            </li>
          ))}
        </ul>
      </DialogBody>
    )
  }
  return <Ask leaving={of('leave')} deleting={of('delete')} />
}

function Ask({ leaving, deleting }: { leaving: readonly Tenant[]; deleting: readonly Tenant[] }) {
  const { submit, busy, error } = useSubmit(async (form) => {
    await order('/account', { method: 'DELETE', body: { currentPassword: text(form, 'password') } })
    window.location.assign('/sign-in')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <p>This permanently deletes:</p>
        <ul className="grid list-disc gap-1.5 pl-5">
          <li>your account and all its sessions</li>
          {deleting.map((tenant) => (
            <li key={tenant.id}>
              the tenant <strong className="font-medium">{oneLine(tenant.name)}</strong> with{' '}
              {count(tenant.runs, 'run')}, {count(tenant.keys, 'API key')}, its audit log and its usage
              history
            </li>
          ))}
        </ul>
        {leaving.length > 0 && (
          <p>
            You leave {leaving.map(({ name }) => oneLine(name)).join(', ')}. Sandboxes and data there are
            kept.
          </p>
        )}
        <Field
          label="Current password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="danger" busy={busy}>
          Delete account
        </Button>
      </DialogFooter>
    </form>
  )
}
