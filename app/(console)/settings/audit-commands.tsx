'use client'

import { useState } from 'react'
import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { useMay, useSession } from '../../lib/session'
import { useExplain } from '../../lib/use-explain'

/** Whether each command has an entry in the audit log. */
export function AuditCommands() {
  const t = useTranslations()
  const explain = useExplain()
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
      toast.done(t(auditCommands ? 'settings.commandsOn' : 'settings.commandsOff'))
    } catch (failure) {
      setError(explain(failure))
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
          <span className="font-medium">{t('settings.record')}</span>
          <span className="block text-muted text-xs">
            {t('settings.recordText')} {owns ? '' : t('settings.ownersOnly')}
          </span>
        </span>
      </label>
    </div>
  )
}
