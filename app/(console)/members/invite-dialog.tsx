'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Secret } from '../../components/ui/secret'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { invited, type Role } from '../../lib/protocol'
import { useMay } from '../../lib/session'
import { useFormat } from '../../lib/use-format'
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
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t('members.invite')}
      description={t('members.inviteText')}
    >
      <Invite onInvited={onInvited} />
    </Dialog>
  )
}

function Invite({ onInvited }: { onInvited: () => void }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
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
            {t('members.linkUntil', { email: oneLine(made.email, 254), at: dateTime(made.expiresAt) })}
          </Notice>
          <Secret label={t('members.inviteLink')} value={url} />
        </DialogBody>
        <DialogFooter>
          <CopyButton text={url} what={t('members.theLink')} />
        </DialogFooter>
      </>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('members.email')}
          name="email"
          type="email"
          required
          maxLength={254}
          error={fieldError('email')}
        />
        <RoleSelect label={t('members.role')} bare={false} value={role} withOwner={owns} onChange={setRole} />
        <p className="text-muted text-xs">{t('members.rolesText')}</p>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('members.createLink')}
        </Button>
      </DialogFooter>
    </form>
  )
}
