'use client'

import { useSWRConfig } from 'swr'
import { themeOptions, useTheme } from '../../components/shell/user-menu'
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

export function SettingsPage() {
  const { user, tenant } = useSession()
  const [theme, setTheme] = useTheme()
  return (
    <>
      <PageHead title="Settings" />
      <div className="grid max-w-2xl gap-5">
        <Panel title="Tenant">
          <TenantName key={tenant.name} />
        </Panel>
        <Panel title="Theme">
          <div className="p-4">
            <Choice
              label="Colours of the pages"
              value={theme}
              onChange={setTheme}
              options={themeOptions.map(({ value, name }) => ({ value, title: name }))}
              className="grid-cols-3"
            />
            <p className="mt-3 text-muted text-xs">
              Terminals have colours of their own, in the menu above each; they follow the page unless you
              choose others.
            </p>
          </div>
        </Panel>
        {user && (
          <Panel title="You">
            <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 p-4">
              <dt className="text-muted">Name</dt>
              <dd>{oneLine(user.name)}</dd>
              <dt className="text-muted">Email</dt>
              <dd className="break-all">{oneLine(user.email, 254)}</dd>
              <dt className="text-muted">Role here</dt>
              <dd className="capitalize">{tenant.role}</dd>
              <dt className="text-muted">Tenant</dt>
              <dd className="break-all font-mono text-xs leading-5">{tenant.id}</dd>
            </dl>
          </Panel>
        )}
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
    toast.done('The tenant is renamed.')
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
        {...(owns ? {} : { hint: 'Only an owner renames the tenant.' })}
      />
      {owns && (
        <Button type="submit" busy={busy} className="justify-self-start">
          Save
        </Button>
      )}
    </form>
  )
}
