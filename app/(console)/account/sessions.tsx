'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { dateTime, oneLine } from '../../lib/format'
import { type AccountSession, accountSessions } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { deviceOf } from '../../lib/user-agent'

/** Where the person is signed in, and the way to end that. */
export function Sessions() {
  const { data, error, mutate } = useResource('/account/sessions', accountSessions)
  const [question, setQuestion] = useState<Question | null>(null)
  const toast = useToast()
  const end = (session: AccountSession) =>
    setQuestion({
      title: `Sign out ${deviceOf(session.userAgent)}?`,
      text: 'Pages and terminals open on that device lose access. Sandboxes keep running.',
      action: 'Sign out session',
      run: async () => {
        await order(`/account/sessions/${session.id}`, { method: 'DELETE' })
        toast.done('Signed out the session.')
        await mutate()
      },
    })
  const endOthers = () =>
    setQuestion({
      title: 'Sign out all other sessions?',
      text: 'Pages and terminals open on other devices lose access. This session stays signed in.',
      action: 'Sign out other sessions',
      run: async () => {
        await order('/account/sessions', { method: 'DELETE' })
        toast.done('Signed out all other sessions.')
        await mutate()
      },
    })
  return (
    <Panel
      title="Sessions"
      action={
        data &&
        data.sessions.length > 1 && (
          <Button look="quiet" size="small" onClick={endOthers}>
            Sign out all other sessions
          </Button>
        )
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data && (
        <Table label="Sessions" head={['Device', 'IP address', 'Signed in', 'Last used', '·Actions']}>
          {data.sessions.map((session) => (
            <tr key={session.id}>
              <td className="font-medium" title={oneLine(session.userAgent ?? '', 300)}>
                {deviceOf(session.userAgent)}
                {session.current && (
                  <span className="ml-2 font-normal text-accent text-xs">This session</span>
                )}
              </td>
              <td className="tabular text-muted">{oneLine(session.ipAddress ?? '–')}</td>
              <td className="whitespace-nowrap text-muted">{dateTime(session.createdAt)}</td>
              <td className="whitespace-nowrap text-muted">{dateTime(session.lastUsedAt)}</td>
              <td className="text-right">
                {!session.current && (
                  <Button
                    look="quiet"
                    size="small"
                    onClick={() => end(session)}
                    aria-label={`Sign out ${deviceOf(session.userAgent)}, signed in ${dateTime(session.createdAt)}`}
                  >
                    Sign out
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}
