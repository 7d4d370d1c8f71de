'use client'

import { useState } from 'react'
import { useSWRConfig } from 'swr'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { useMay, useSession } from '../../lib/session'

/** Whether each command has an entry in the audit log. */
export function AuditCommands() {
  const { tenant } = useSession()
  const owns = useMay('owner')
  const toast = useToast()
  const { mutate } = useSWRConfig()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const change = async (auditCommands: boolean) => {
    setBusy(true)
    setError(undefined)
    try {
      await order('/tenant', { method: 'PATCH', body: { auditCommands } })
      await mutate('/me')
      toast.done(auditCommands ? 'Commands are recorded from now on.' : 'Commands are no longer recorded.')
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure))
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error}</Notice>}
      <label className="flex items-start gap-2.5">
        <input
          type="checkbox"
          className="mt-0.5 size-4"
          checked={tenant.auditCommands}
          disabled={!owns || busy}
          onChange={(event) => void change(event.target.checked)}
        />
        <span>
          <span className="font-medium">Record commands</span>
          <span className="block text-muted text-xs">
            Each command that is run through the API or the command line gets an entry with its text. What
            people type in terminals is not recorded. {owns ? '' : 'Only owners can change this.'}
          </span>
        </span>
      </label>
    </div>
  )
}
