'use client'

import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import {
  type Invitation,
  invitation,
  type Member,
  member,
  memberRemoved,
  type Role,
} from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useMay, useSession } from '../../lib/session'
import { useFormat } from '../../lib/use-format'
import { InviteDialog } from './invite-dialog'
import { RoleSelect } from './role-select'

const memberList = z.object({ members: z.array(member), invitations: z.array(invitation) })

export function Members() {
  const t = useTranslations()
  const { date, dateTime } = useFormat()
  const { data, error, mutate } = useResource('/members', memberList)
  const { user, tenant } = useSession()
  const manages = useMay('admin')
  const owns = useMay('owner')
  const toast = useToast()
  const [inviting, setInviting] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)

  const change = async ({ userId, name }: Member, role: Role) => {
    try {
      await order(`/members/${userId}`, { method: 'PATCH', body: { role } })
      toast.done(t('members.nowHasRole', { name: oneLine(name), role: t(`members.roles.${role}`) }))
    } catch (failure) {
      toast.failed(failure)
    }
    await mutate()
  }
  const remove = (person: Member) => {
    const self = person.userId === user?.id
    const name = oneLine(person.name)
    let transfer = false
    setQuestion({
      title: self
        ? t('members.leaveTitle', { tenant: oneLine(tenant.name) })
        : t('members.removeTitle', { name }),
      text: (
        <>
          {self ? t('members.leaveText') : t('members.removeText', { name })}{' '}
          {person.apiKeys > 0 &&
            t(self ? 'members.leaveKeys' : 'members.removeKeys', { count: person.apiKeys })}
          {person.apiKeys > 0 && !self && (
            <label className="mt-3 flex items-start gap-2">
              <input
                type="checkbox"
                className="mt-1"
                onChange={(event) => {
                  transfer = event.target.checked
                }}
              />
              {t('members.transfer', { name })}
            </label>
          )}
        </>
      ),
      action: t(self ? 'members.leaveTenant' : 'members.removeMember'),
      run: async () => {
        const path = `/members/${person.userId}?keys=${transfer ? 'transfer' : 'revoke'}`
        const { keysRevoked, keysTransferred } = await call(memberRemoved, path, { method: 'DELETE' })
        if (self) return window.location.assign('/sandboxes')
        if (keysRevoked > 0) toast.done(t('members.keysRevoked', { name, count: keysRevoked }))
        if (keysTransferred > 0) toast.done(t('members.keysTransferred', { name, count: keysTransferred }))
        await mutate()
      },
    })
  }
  const revoke = (open: Invitation) =>
    setQuestion({
      title:
        open.email === null
          ? t('members.withdrawLinkTitle')
          : t('members.withdrawTitle', { email: oneLine(open.email) }),
      text: t('members.withdrawText'),
      action: t('members.withdrawInvitation'),
      run: async () => {
        await order(`/invitations/${open.id}`, { method: 'DELETE' })
        await mutate()
      },
    })

  return (
    <>
      <PageHead
        title={t('pages.members')}
        action={
          manages && (
            <Button look="primary" onClick={() => setInviting(true)}>
              <UserPlus aria-hidden />
              {t('members.invite')}
            </Button>
          )
        }
      >
        {t('members.audience', { tenant: oneLine(tenant.name) })}
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data && (
          <Table
            label={t('pages.members')}
            head={[t('members.name'), t('members.role'), t('members.joined'), `·${t('members.actions')}`]}
          >
            {data.members.map((person) => (
              <tr key={person.userId}>
                <td>
                  <div className="font-medium">
                    {oneLine(person.name)}
                    {person.userId === user?.id && (
                      <span className="font-normal text-muted">{t('members.you')}</span>
                    )}
                  </div>
                  <div className="text-muted text-xs">{oneLine(person.email, 254)}</div>
                </td>
                <td>
                  {manages && person.userId !== user?.id ? (
                    <RoleSelect
                      label={t('members.roleOf', { name: oneLine(person.name) })}
                      value={person.role}
                      withOwner={owns}
                      onChange={(role) => change(person, role)}
                    />
                  ) : (
                    t(`members.roles.${person.role}`)
                  )}
                </td>
                <td className="whitespace-nowrap text-muted">{date(person.joinedAt)}</td>
                <td className="text-right">
                  {(manages || person.userId === user?.id) && (
                    <Button look="quiet" size="small" onClick={() => remove(person)}>
                      {t(person.userId === user?.id ? 'members.leave' : 'members.remove')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
      {data && data.invitations.length > 0 && (
        <Panel title={t('members.pending')} className="mt-5">
          <Table
            label={t('members.invitations')}
            head={[t('members.email'), t('members.role'), t('members.expires'), `·${t('members.actions')}`]}
          >
            {data.invitations.map((open) => (
              <tr key={open.id}>
                <td className="font-medium">
                  {open.email === null
                    ? t('members.anyone', { uses: open.uses, maxUses: open.maxUses })
                    : oneLine(open.email, 254)}
                </td>
                <td>{t(`members.roles.${open.role}`)}</td>
                <td className="whitespace-nowrap text-muted">{dateTime(open.expiresAt)}</td>
                <td className="text-right">
                  {manages && (
                    <Button look="quiet" size="small" onClick={() => revoke(open)}>
                      {t('members.withdraw')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
      <InviteDialog open={inviting} onOpenChange={setInviting} onInvited={() => void mutate()} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}
