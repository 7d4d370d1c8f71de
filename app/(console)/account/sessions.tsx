'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type AccountSession, accountSessions } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { deviceOf } from '../../lib/user-agent'

/** Where the person is signed in, and the way to end that. */
export function Sessions() {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const nameOf = useDeviceName()
  const { data, error, mutate } = useResource('/account/sessions', accountSessions)
  const [question, setQuestion] = useState<Question | null>(null)
  const toast = useToast()
  const end = (session: AccountSession) =>
    setQuestion({
      title: t('account.signOutDevice', { device: nameOf(session.userAgent) }),
      text: t('account.signOutText'),
      action: t('account.signOutSession'),
      run: async () => {
        await order(`/account/sessions/${session.id}`, { method: 'DELETE' })
        toast.done(t('account.signedOut'))
        await mutate()
      },
    })
  const endOthers = () =>
    setQuestion({
      title: t('account.signOutOthersTitle'),
      text: t('account.signOutOthersText'),
      action: t('account.signOutOthersAction'),
      run: async () => {
        await order('/account/sessions', { method: 'DELETE' })
        toast.done(t('account.signedOutOthers'))
        await mutate()
      },
    })
  return (
    <Panel
      title={t('account.sessions')}
      action={
        data &&
        data.sessions.length > 1 && (
          <Button look="quiet" size="small" onClick={endOthers}>
            {t('account.signOutOthers')}
          </Button>
        )
      }
    >
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data && (
        <Table
          label={t('account.sessions')}
          head={[
            t('account.device'),
            t('account.ipAddress'),
            t('account.signedIn'),
            t('account.lastUsed'),
            `·${t('account.actions')}`,
          ]}
        >
          {data.sessions.map((session) => (
            <tr key={session.id}>
              <td className="font-medium" title={oneLine(session.userAgent ?? '', 300)}>
                {nameOf(session.userAgent)}
                {session.current && (
                  <span className="ml-2 font-normal text-accent text-xs">{t('account.currentSession')}</span>
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
                    aria-label={t('account.signOutLabel', {
                      device: nameOf(session.userAgent),
                      at: dateTime(session.createdAt),
                    })}
                  >
                    {t('account.signOut')}
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

/** `Firefox on Linux`, from what a browser says of itself. */
function useDeviceName(): (userAgent: string | null) => string {
  const t = useTranslations()
  return (userAgent) => {
    const { browser, system } = deviceOf(userAgent)
    if (browser === undefined) {
      return system === undefined ? t('account.unknownDevice') : t('account.unknownBrowser', { system })
    }
    return system === undefined ? browser : t('account.browserOnSystem', { browser, system })
  }
}
