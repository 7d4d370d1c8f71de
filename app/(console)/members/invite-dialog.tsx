'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Choice } from '../../components/ui/choice'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Secret } from '../../components/ui/secret'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { invited, type Role } from '../../lib/protocol'
import { useMay } from '../../lib/session'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'
import { RoleSelect } from './role-select'

const daySeconds = 86_400
/** How long a link for a class can be valid. */
const validDays = [1, 7, 30, 180] as const

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
  const owns = useMay('owner')
  const [whom, setWhom] = useState<'person' | 'class'>('person')
  const [role, setRole] = useState<Role>('member')
  const [made, setMade] = useState<z.infer<typeof invited>>()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body =
      whom === 'person'
        ? { email: text(form, 'email'), role }
        : {
            maxUses: Number(text(form, 'maxUses')),
            expiresInSeconds: Number(text(form, 'days')) * daySeconds,
          }
    setMade(await call(invited, '/invitations', { method: 'POST', body }))
    onInvited()
  })
  if (made) return <Made invitation={made} />
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Choice
          label={t('members.inviteWhom')}
          value={whom}
          onChange={setWhom}
          className="grid-cols-2"
          options={[
            { value: 'person', title: t('members.forPerson'), text: t('members.forPersonText') },
            { value: 'class', title: t('members.forClass'), text: t('members.forClassText') },
          ]}
        />
        {whom === 'person' ? (
          <>
            <Field
              label={t('members.email')}
              name="email"
              type="email"
              required
              maxLength={254}
              error={fieldError('email')}
            />
            <RoleSelect
              label={t('members.role')}
              bare={false}
              value={role}
              withOwner={owns}
              onChange={setRole}
            />
            <p className="text-muted text-xs">{t('members.rolesText')}</p>
          </>
        ) : (
          <div className="grid grid-cols-2 gap-3">
            <Field
              label={t('members.maxUses')}
              name="maxUses"
              type="number"
              required
              min={1}
              max={1000}
              defaultValue={40}
              error={fieldError('maxUses')}
            />
            <SelectField label={t('members.validFor')} name="days" defaultValue={7}>
              {validDays.map((days) => (
                <option key={days} value={days}>
                  {t('members.days', { count: days })}
                </option>
              ))}
            </SelectField>
          </div>
        )}
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('members.createLink')}
        </Button>
      </DialogFooter>
    </form>
  )
}

/** What is handed over. It is shown once. */
function Made({ invitation }: { invitation: z.infer<typeof invited> }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const { email, maxUses, code, expiresAt } = invitation
  const url = new URL(invitation.url, window.location.origin).href
  const at = dateTime(expiresAt)
  return (
    <>
      <DialogBody>
        <Notice tone="info">
          {email === null
            ? t('members.classUntil', { count: maxUses, at })
            : t('members.linkUntil', { email: oneLine(email, 254), at })}
        </Notice>
        <Secret label={t('members.inviteLink')} value={url} />
        {code !== null && <Secret label={t('members.code')} value={code} />}
      </DialogBody>
      <DialogFooter>
        <CopyButton text={url} what={t('members.theLink')} />
      </DialogFooter>
    </>
  )
}
