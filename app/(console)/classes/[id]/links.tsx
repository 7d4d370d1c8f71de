'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { Secret } from '../../../components/ui/secret'
import { call, order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { invitation, invited } from '../../../lib/protocol'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'
import { text, useSubmit } from '../../../lib/use-submit'

const links = z.object({ invitations: z.array(invitation) })
const daySeconds = 86_400
const validDays = [1, 7, 30, 180] as const

/** Links and codes by which students join a class. */
export function Links({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const path = `/classes/${of.id}/invitations`
  const { data, mutate } = useResource(path, links)
  const [inviting, setInviting] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const teaches = of.role !== 'assistant'
  const withdraw = (id: string) =>
    setQuestion({
      title: t('classes.withdrawTitle'),
      text: t('classes.withdrawText'),
      action: t('classes.withdraw'),
      run: async () => {
        await order(`${path}/${id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  return (
    <Panel
      title={t('classes.joinLinks')}
      action={
        teaches &&
        !of.archived && (
          <Button size="small" onClick={() => setInviting(true)}>
            {t('classes.invite')}
          </Button>
        )
      }
    >
      <ul className="divide-y divide-line">
        {data?.invitations.map(({ id, uses, maxUses, expiresAt, section }) => (
          <li key={id} className="flex items-center justify-between gap-3 px-4 py-2">
            <span>
              {t('classes.links', { uses, maxUses, at: dateTime(expiresAt) })}
              {section !== null && ` · ${oneLine(of.sections.find((one) => one.id === section)?.name ?? '')}`}
            </span>
            {teaches && (
              <Button look="quiet" size="small" onClick={() => withdraw(id)}>
                {t('classes.withdraw')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Dialog
        open={inviting}
        onOpenChange={setInviting}
        title={t('classes.invite')}
        description={t('classes.inviteText')}
      >
        <Invite of={of} onInvited={() => void mutate()} />
      </Dialog>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

function Invite({ of, onInvited }: { of: ClassDescription; onInvited: () => void }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const [made, setMade] = useState<z.infer<typeof invited>>()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const section = text(form, 'section')
    const body = {
      maxUses: Number(text(form, 'maxUses')),
      expiresInSeconds: Number(text(form, 'days')) * daySeconds,
      ...(section === '' ? {} : { section }),
    }
    setMade(await call(invited, `/classes/${of.id}/invitations`, { method: 'POST', body }))
    onInvited()
  })
  if (made) {
    return (
      <DialogBody>
        <Notice tone="info">
          {t('members.classUntil', { count: made.maxUses, at: dateTime(made.expiresAt) })}
        </Notice>
        <Secret label={t('members.inviteLink')} value={new URL(made.url, window.location.origin).href} />
        <Secret label={t('members.code')} value={made.code ?? ''} />
      </DialogBody>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <div className="grid grid-cols-2 gap-3">
          <Field
            label={t('classes.maxUses')}
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
        {of.sections.length > 0 && (
          <SelectField label={t('classes.section')} name="section" defaultValue="">
            <option value="">{t('classes.moveNone')}</option>
            {of.sections.map(({ id, name }) => (
              <option key={id} value={id}>
                {oneLine(name)}
              </option>
            ))}
          </SelectField>
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
