'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { order } from '../../lib/api'
import { count, oneLine } from '../../lib/format'
import { quotaStatus } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useMay, useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'

/** Deletes the tenant, which has to be empty: no sandbox is ever deleted by the way. */
export function DeleteTenant() {
  const owns = useMay('owner')
  const { tenants } = useSession()
  const [open, setOpen] = useState(false)
  const quota = useResource(owns ? '/quota' : null, quotaStatus)
  if (!owns) return null
  const sandboxes = quota.data?.used.sandboxes ?? 0
  const obstacle =
    tenants.length < 2
      ? 'This is your only tenant. Create another one first, or delete your account.'
      : sandboxes > 0
        ? `Delete its ${count(sandboxes, 'sandbox', 'sandboxes')} first.`
        : null
  return (
    <Panel title="Delete tenant">
      <div className="flex flex-wrap items-center justify-between gap-3 p-4">
        <p className="max-w-md text-muted">
          Permanently deletes the tenant with its API keys, runs, audit log and usage history. Its members
          lose access.
          {obstacle && <span className="mt-1 block">{obstacle}</span>}
        </p>
        <Button look="danger" disabled={obstacle !== null} onClick={() => setOpen(true)}>
          Delete tenant…
        </Button>
      </div>
      <Dialog open={open} onOpenChange={setOpen} title="Delete this tenant?">
        <Ask />
      </Dialog>
    </Panel>
  )
}

function Ask() {
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
          This permanently deletes <strong className="font-medium">{oneLine(tenant.name)}</strong> with its
          API keys, runs, audit log and usage history.
        </p>
        <Field label="Type the name of the tenant to confirm" name="name" required autoComplete="off" />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="danger" busy={busy}>
          Delete tenant
        </Button>
      </DialogFooter>
    </form>
  )
}
