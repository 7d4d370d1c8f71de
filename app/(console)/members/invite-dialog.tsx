'use client'

import { useState } from 'react'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Secret } from '../../components/ui/secret'
import { call } from '../../lib/api'
import { dateTime, oneLine } from '../../lib/format'
import { invited, type Role } from '../../lib/protocol'
import { useMay } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'
import { RoleSelect } from './role-select'

export function InviteDialog({
  open,
  onOpenChange,
  onInvited,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onInvited: () => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Invite a member"
      description="Cloche does not send email. Create a link and send it to the person yourself."
    >
      <Invite onInvited={onInvited} />
    </Dialog>
  )
}

function Invite({ onInvited }: { onInvited: () => void }) {
  const owns = useMay('owner')
  const [role, setRole] = useState<Role>('member')
  const [made, setMade] = useState<z.infer<typeof invited>>()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    setMade(
      await call(invited, '/invitations', { method: 'POST', body: { email: text(form, 'email'), role } }),
    )
    onInvited()
  })
  if (made) {
    const url = new URL(made.url, window.location.origin).href
    return (
      <>
        <DialogBody>
          <Notice tone="info">
            {oneLine(made.email, 254)} can use this link until {dateTime(made.expiresAt)}. It will not be
            shown again.
          </Notice>
          <Secret label="Invite link" value={url} />
        </DialogBody>
        <DialogFooter>
          <CopyButton text={url} what="the link" />
        </DialogFooter>
      </>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field label="Email" name="email" type="email" required maxLength={254} error={fieldError('email')} />
        <RoleSelect label="Role" bare={false} value={role} withOwner={owns} onChange={setRole} />
        <p className="text-muted text-xs">
          Members use sandboxes. Admins also manage members and API keys. Owners have full control.
        </p>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          Create invite link
        </Button>
      </DialogFooter>
    </form>
  )
}
