'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Notice } from '../../components/ui/notice'
import { Panel, Table } from '../../components/ui/panel'
import { SearchField } from '../../components/ui/search-field'
import { Secret } from '../../components/ui/secret'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type AdminUser, adminUser, resetLink } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { useSettled } from '../../lib/use-settled'
import { useSubmit } from '../../lib/use-submit'

const userList = z.object({ users: z.array(adminUser), more: z.boolean() })
/** Every account, and links by which people set a new password. */
export function Users() {
  const t = useTranslations()
  const { date } = useFormat()
  const [typed, setTyped] = useState('')
  const search = useSettled(typed)
  const [resetting, setResetting] = useState<AdminUser | null>(null)
  const query = search ? `?search=${encodeURIComponent(search)}` : ''
  const { data, error, mutate } = useResource(`/admin/users${query}`, userList)
  return (
    <Panel title={t('operator.accounts')}>
      <div className="border-line border-b p-2">
        <SearchField
          label={t('operator.searchAccounts')}
          placeholder={t('operator.searchAccountsShort')}
          maxLength={128}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data?.users.length === 0 && <p className="p-4 text-muted">{t('operator.noAccounts')}</p>}
      {data && data.users.length > 0 && (
        <Table
          label={t('operator.accounts')}
          head={[
            ...[t('operator.name'), t('operator.tenants'), t('operator.sessions'), t('operator.created')],
            `·${t('operator.actions')}`,
          ]}
        >
          {data.users.map((user) => (
            <tr key={user.id}>
              <td>
                <div className="font-medium">
                  {oneLine(user.name)}
                  {user.operator && (
                    <span className="ml-2 font-normal text-accent text-xs">{t('operator.operator')}</span>
                  )}
                </div>
                <div className="break-all text-muted text-xs">{oneLine(user.email, 254)}</div>
              </td>
              <td className="tabular">{user.tenants}</td>
              <td className="tabular">{user.sessions}</td>
              <td className="whitespace-nowrap text-muted">{date(user.createdAt)}</td>
              <td className="text-right">
                <Button
                  look="quiet"
                  size="small"
                  aria-label={t('operator.createResetLinkFor', { email: oneLine(user.email, 254) })}
                  onClick={() => setResetting(user)}
                >
                  {t('operator.createResetLink')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {data?.more && (
        <p className="border-line border-t p-3 text-muted text-xs">
          {t('operator.moreAccounts', { count: String(data.users.length) })}
        </p>
      )}
      <Dialog
        open={resetting !== null}
        onOpenChange={(open) => !open && setResetting(null)}
        title={t('operator.resetLinkTitle')}
      >
        {resetting && <ResetLink user={resetting} />}
      </Dialog>
    </Panel>
  )
}

function ResetLink({ user }: { user: AdminUser }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const [made, setMade] = useState<z.infer<typeof resetLink>>()
  const { submit, busy, error } = useSubmit(async () => {
    setMade(await call(resetLink, `/admin/users/${user.id}/reset-link`, { method: 'POST' }))
  })
  if (made) {
    return (
      <>
        <DialogBody>
          <Notice tone="warn">
            {t('operator.resetLinkMade', {
              ...{ email: oneLine(made.email, 254), at: dateTime(made.expiresAt) },
            })}
          </Notice>
          <Secret label={t('operator.resetLink')} value={made.url} />
        </DialogBody>
        <DialogFooter>
          <CopyButton text={made.url} what={t('operator.theResetLink')} />
        </DialogFooter>
      </>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <p>{t('operator.resetLinkText', { email: oneLine(user.email, 254) })}</p>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('operator.createResetLink')}
        </Button>
      </DialogFooter>
    </form>
  )
}
