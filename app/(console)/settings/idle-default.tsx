'use client'

import { useState } from 'react'
import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { IdleChoice, type IdleDraft, idleDraft, idlePolicyOf } from '../../components/sandbox/idle-choice'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { useMay, useSession } from '../../lib/session'
import { useExplain } from '../../lib/use-explain'

/** When new sandboxes of the tenant are put to sleep. */
export function IdleDefault() {
  const t = useTranslations()
  const explain = useExplain()
  const { tenant } = useSession()
  const owns = useMay('owner')
  const toast = useToast()
  const { mutate } = useSWRConfig()
  const [error, setError] = useState<string>()
  const change = async (draft: IdleDraft) => {
    setError(undefined)
    try {
      await order('/tenant', { method: 'PATCH', body: { idle: idlePolicyOf(draft) } })
      await mutate('/me')
      toast.done(t('settings.idleSaved'))
    } catch (failure) {
      setError(explain(failure))
    }
  }
  return (
    <div className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error}</Notice>}
      <IdleChoice
        label={t('settings.idleLabel')}
        draft={idleDraft(tenant.idle)}
        onChange={(draft) => void change(draft)}
        disabled={!owns}
      />
      {!owns && <p className="text-muted text-xs">{t('settings.ownersOnly')}</p>}
    </div>
  )
}
