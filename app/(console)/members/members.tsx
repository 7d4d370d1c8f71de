'use client'

import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { date, dateTime, oneLine } from '../../lib/format'
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
import { InviteDialog } from './invite-dialog'
import { RoleSelect, roleNames } from './role-select'

const memberList = z.object({ members: z.array(member), invitations: z.array(invitation) })

export function Members() {
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
      toast.done(`${oneLine(name)} now has the role ${roleNames[role]}.`)
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
      title: self ? `Leave ${oneLine(tenant.name)}?` : `Remove ${name}?`,
      text: (
        <>
          {self
            ? 'You will lose access to this tenant. Its sandboxes are kept.'
            : `${name} will lose access to this tenant immediately. Sandboxes they created are kept.`}{' '}
          {person.apiKeys > 0 &&
            `API keys that ${self ? 'you' : 'they'} created are revoked: ${person.apiKeys}.`}
          {person.apiKeys > 0 && !self && (
            <label className="mt-3 flex items-start gap-2">
              <input
                type="checkbox"
                className="mt-1"
                onChange={(event) => {
                  transfer = event.target.checked
                }}
              />
              Transfer the keys to me instead. {name} may still know them: replace them soon.
            </label>
          )}
        </>
      ),
      action: self ? 'Leave tenant' : 'Remove member',
      run: async () => {
        const path = `/members/${person.userId}?keys=${transfer ? 'transfer' : 'revoke'}`
        const { keysRevoked, keysTransferred } = await call(memberRemoved, path, { method: 'DELETE' })
        if (self) return window.location.assign('/sandboxes')
        if (keysRevoked > 0) toast.done(`${name} was removed, and ${keysRevoked} API keys were revoked.`)
        if (keysTransferred > 0)
          toast.done(`${name} was removed, and ${keysTransferred} API keys are yours now.`)
        await mutate()
      },
    })
  }
  const revoke = (open: Invitation) =>
    setQuestion({
      title: `Withdraw the invitation for ${oneLine(open.email)}?`,
      text: 'The invite link will stop working.',
      action: 'Withdraw invitation',
      run: async () => {
        await order(`/invitations/${open.id}`, { method: 'DELETE' })
        await mutate()
      },
    })

  return (
    <>
      <PageHead
        title="Members"
        action={
          manages && (
            <Button look="primary" onClick={() => setInviting(true)}>
              <UserPlus aria-hidden />
              Invite a member
            </Button>
          )
        }
      >
        People with access to {oneLine(tenant.name)} and their roles
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data && (
          <Table label="Members" head={['Name', 'Role', 'Joined', '·Actions']}>
            {data.members.map((person) => (
              <tr key={person.userId}>
                <td>
                  <div className="font-medium">
                    {oneLine(person.name)}
                    {person.userId === user?.id && <span className="font-normal text-muted"> (you)</span>}
                  </div>
                  <div className="text-muted text-xs">{oneLine(person.email, 254)}</div>
                </td>
                <td>
                  {manages && person.userId !== user?.id ? (
                    <RoleSelect
                      label={`Role of ${oneLine(person.name)}`}
                      value={person.role}
                      withOwner={owns}
                      onChange={(role) => change(person, role)}
                    />
                  ) : (
                    roleNames[person.role]
                  )}
                </td>
                <td className="whitespace-nowrap text-muted">{date(person.joinedAt)}</td>
                <td className="text-right">
                  {(manages || person.userId === user?.id) && (
                    <Button look="quiet" size="small" onClick={() => remove(person)}>
                      {person.userId === user?.id ? 'Leave' : 'Remove'}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
      {data && data.invitations.length > 0 && (
        <Panel title="Pending invitations" className="mt-5">
          <Table label="Invitations" head={['Email', 'Role', 'Expires', '·Actions']}>
            {data.invitations.map((open) => (
              <tr key={open.id}>
                <td className="font-medium">{oneLine(open.email, 254)}</td>
                <td>{roleNames[open.role]}</td>
                <td className="whitespace-nowrap text-muted">{dateTime(open.expiresAt)}</td>
                <td className="text-right">
                  {manages && (
                    <Button look="quiet" size="small" onClick={() => revoke(open)}>
                      Withdraw
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
