'use client'

import { useSWRConfig } from 'swr'
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

export function SettingsPage() {
  const { tenant } = useSession()
  const [theme, setTheme] = useTheme()
  const themeOptions = useThemeOptions()
  return (
    <>
      <PageHead title="Settings">
        {oneLine(tenant.name)}, <span className="font-mono text-xs">{tenant.id}</span>
      </PageHead>
      <div className="grid max-w-2xl gap-5">
        <Panel title="Tenant">
          <TenantName key={tenant.name} />
        </Panel>
        <Panel title="Idle sandboxes">
          <IdleDefault />
        </Panel>
        <Panel title="Audit log">
          <AuditCommands />
        </Panel>
        <Panel title="Appearance">
          <div className="p-4">
            <Choice
              label="Theme"
              value={theme}
              onChange={setTheme}
              options={themeOptions.map(({ value, name }) => ({ value, title: name }))}
              className="grid-cols-3"
            />
            <p className="mt-3 text-muted text-xs">
              Terminals match the app by default. To choose another color theme, use the settings menu of a
              terminal.
            </p>
          </div>
        </Panel>
        <DeleteTenant />
      </div>
    </>
  )
}

function TenantName() {
  const { tenant } = useSession()
  const owns = useMay('owner')
  const toast = useToast()
  const { mutate } = useSWRConfig()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await order('/tenant', { method: 'PATCH', body: { name: text(form, 'name') } })
    await mutate('/me')
    toast.done('Renamed the tenant.')
  })
  return (
    <form onSubmit={submit} className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field
        label="Name"
        name="name"
        defaultValue={tenant.name}
        required
        maxLength={64}
        disabled={!owns}
        error={fieldError('name')}
        {...(owns ? {} : { hint: 'Only owners can rename the tenant.' })}
      />
      {owns && (
        <Button type="submit" busy={busy} className="justify-self-start">
          Rename tenant
        </Button>
      )}
    </form>
  )
}
