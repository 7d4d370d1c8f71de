'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { order } from '../../../lib/api'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { useExplain } from '../../../lib/use-explain'

/** Whether the staff of a class is shown minutes of each student: teachers change it, where the operator allows it. */
export function ClassTimes({ of, onChange }: { of: ClassDescription; onChange: () => void }) {
  const t = useTranslations()
  const explain = useExplain()
  const toast = useToast()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const { on, allowed } = of.studentTimes
  const change = async (studentTimes: boolean) => {
    setBusy(true)
    setError(undefined)
    try {
      await order(`/classes/${of.id}`, { method: 'PATCH', body: { studentTimes } })
      onChange()
      toast.done(t(studentTimes ? 'privacy.classOn' : 'privacy.classOff'))
    } catch (failure) {
      setError(explain(failure))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Panel title={t('privacy.classTitle')}>
      <div className="grid gap-3 p-4">
        {error && <Notice tone="bad">{error}</Notice>}
        <label className="flex items-start gap-2.5">
          <input
            type="checkbox"
            className="mt-0.5 size-4"
            checked={on}
            disabled={busy || of.role === 'assistant' || (!allowed && !on)}
            onChange={(event) => void change(event.target.checked)}
          />
          <span>
            <span className="font-medium">{t('privacy.classTimes')}</span>
            <span className="block text-muted text-xs">
              {t('privacy.classTimesText')} {!allowed && t('privacy.notAllowed')}
            </span>
          </span>
        </label>
      </div>
    </Panel>
  )
}
