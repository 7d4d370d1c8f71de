'use client'

import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { useTheme, useThemeOptions } from '../../components/shell/user-menu'
import { Button } from '../../components/ui/button'
import { Choice } from '../../components/ui/choice'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { useMay, useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'
import { AuditCommands } from './audit-commands'
import { DeleteTenant } from './delete-tenant'
import { IdleDefault } from './idle-default'
import { LearningPlatforms } from './platforms'
import { TenantStudentQuota } from './student-quota'

export function SettingsPage() {
  const t = useTranslations()
  const { tenant } = useSession()
  const staff = useMay('member')
  const manages = useMay('admin')
  const [theme, setTheme] = useTheme()
  const themeOptions = useThemeOptions()
  return (
    <>
      <PageHead title={t('pages.settings')}>
        {oneLine(tenant.name)}, <span className="font-mono text-xs">{tenant.id}</span>
      </PageHead>
      <div className="grid max-w-2xl gap-5">
        <Panel title={t('settings.tenant')}>
          <TenantName key={tenant.name} />
        </Panel>
        <Panel title={t('settings.idle')}>
          <IdleDefault />
        </Panel>
        {staff && <TenantStudentQuota />}
        {manages && <LearningPlatforms />}
        <Panel title={t('settings.auditLog')}>
          <AuditCommands />
        </Panel>
        <Panel title={t('settings.appearance')}>
          <div className="p-4">
            <Choice
              label={t('settings.theme')}
              value={theme}
              onChange={setTheme}
              options={themeOptions.map(({ value, name }) => ({ value, title: name }))}
              className="grid-cols-3"
            />
            <p className="mt-3 text-muted text-xs">{t('settings.themeText')}</p>
          </div>
        </Panel>
        <DeleteTenant />
      </div>
    </>
  )
}

function TenantName() {
  const t = useTranslations()
  const { tenant } = useSession()
  const owns = useMay('owner')
  const toast = useToast()
  const { mutate } = useSWRConfig()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await order('/tenant', { method: 'PATCH', body: { name: text(form, 'name') } })
    await mutate('/me')
    toast.done(t('settings.renamed'))
  })
  return (
    <form onSubmit={submit} className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field
        label={t('settings.name')}
        name="name"
        defaultValue={tenant.name}
        required
        maxLength={64}
        disabled={!owns}
        error={fieldError('name')}
        {...(owns ? {} : { hint: t('settings.ownersRename') })}
      />
      {owns && (
        <Button type="submit" busy={busy} className="justify-self-start">
          {t('settings.rename')}
        </Button>
      )}
    </form>
  )
}
