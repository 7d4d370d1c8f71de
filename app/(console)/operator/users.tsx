'use client'

import { useState } from 'react'
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
import { date, dateTime, oneLine } from '../../lib/format'
import { type AdminUser, adminUser, resetLink } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useSettled } from '../../lib/use-settled'
import { useSubmit } from '../../lib/use-submit'

const userList = z.object({ users: z.array(adminUser), more: z.boolean() })
/** Every account, and links by which people set a new password. */
export function Users() {
  const [typed, setTyped] = useState('')
  const search = useSettled(typed)
  const [resetting, setResetting] = useState<AdminUser | null>(null)
  const query = search ? `?search=${encodeURIComponent(search)}` : ''
  const { data, error, mutate } = useResource(`/admin/users${query}`, userList)
  return (
    <Panel title="Accounts">
      <div className="border-line border-b p-2">
        <SearchField
          label="Search accounts by name or email"
          placeholder="Search by name or email"
          maxLength={128}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
      {data?.users.length === 0 && <p className="p-4 text-muted">No matching accounts.</p>}
      {data && data.users.length > 0 && (
        <Table label="Accounts" head={['Name', 'Tenants', 'Sessions', 'Created', '·Actions']}>
          {data.users.map((user) => (
            <tr key={user.id}>
              <td>
                <div className="font-medium">
                  {oneLine(user.name)}
                  {user.operator && <span className="ml-2 font-normal text-accent text-xs">Operator</span>}
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
                  aria-label={`Create reset link for ${oneLine(user.email, 254)}`}
                  onClick={() => setResetting(user)}
                >
                  Create reset link
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {data?.more && (
        <p className="border-line border-t p-3 text-muted text-xs">
          Showing the newest {data.users.length} accounts. Search to find others.
        </p>
      )}
      <Dialog
        open={resetting !== null}
        onOpenChange={(open) => !open && setResetting(null)}
        title="Create a password reset link"
      >
        {resetting && <ResetLink user={resetting} />}
      </Dialog>
    </Panel>
  )
}

function ResetLink({ user }: { user: AdminUser }) {
  const [made, setMade] = useState<z.infer<typeof resetLink>>()
  const { submit, busy, error } = useSubmit(async () => {
    setMade(await call(resetLink, `/admin/users/${user.id}/reset-link`, { method: 'POST' }))
  })
  if (made) {
    return (
      <>
        <DialogBody>
          <Notice tone="warn">
            Send this link to {oneLine(made.email, 254)} only: whoever opens it can set the password. It works
            once, until {dateTime(made.expiresAt)}, and will not be shown again.
          </Notice>
          <Secret label="Reset link" value={made.url} />
        </DialogBody>
        <DialogFooter>
          <CopyButton text={made.url} what="the reset link" />
        </DialogFooter>
      </>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <p>
          The link lets {oneLine(user.email, 254)} set a new password, once, within 24 hours. Using it signs
          the account out everywhere. An earlier link stops working.
        </p>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          Create reset link
        </Button>
      </DialogFooter>
    </form>
  )
}
