'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Panel } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { type PrivacySettings, privacySettings } from '../../lib/protocol-statistics'
import { useResource } from '../../lib/resource'
import { text, useSubmit } from '../../lib/use-submit'

/** What the installation keeps and shows of how long students work. */
export function Privacy() {
  const t = useTranslations()
  const { data, error, mutate } = useResource('/admin/privacy', privacySettings)
  return (
    <Panel title={t('privacy.title')}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data && <Form key={JSON.stringify(data)} of={data} onDone={() => void mutate()} />}
    </Panel>
  )
}

function Form({ of, onDone }: { of: PrivacySettings; onDone: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = {
      timeStatistics: form.has('timeStatistics'),
      studentTimes: form.has('studentTimes'),
      activityDays: Number(text(form, 'activityDays')),
    }
    await order('/admin/privacy', { method: 'PATCH', body })
    toast.done(t('privacy.saved'))
    onDone()
  })
  return (
    <form onSubmit={submit} className="grid gap-4 p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      {(['timeStatistics', 'studentTimes'] as const).map((name) => (
        <label key={name} className="flex items-start gap-2.5">
          <input type="checkbox" name={name} className="mt-0.5 size-4" defaultChecked={of[name]} />
          <span>
            <span className="font-medium">{t(`privacy.${name}`)}</span>
            <span className="block text-muted text-xs">{t(`privacy.${name}Text`)}</span>
          </span>
        </label>
      ))}
      <div className="max-w-xs">
        <Field
          label={t('privacy.activityDays')}
          hint={t('privacy.activityDaysText')}
          name="activityDays"
          type="number"
          min={1}
          max={3650}
          required
          defaultValue={of.activityDays}
          error={fieldError('activityDays')}
        />
      </div>
      <div>
        <Button type="submit" look="primary" busy={busy}>
          {t('privacy.save')}
        </Button>
      </div>
    </form>
  )
}
