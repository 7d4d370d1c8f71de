'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useSWRConfig } from 'swr'
import { z } from 'zod'
import { call } from '../../lib/api'
import { amount, boundNames, lacks } from '../../lib/limits'
import {
  type Isolation,
  type Limits,
  quotaStatus,
  sandbox,
  type Template,
  template,
} from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useRefreshSandboxes } from '../../lib/sandboxes'
import { useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Choice } from '../ui/choice'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { Failed, SkeletonRows } from '../ui/states'
import { HardenedNotice } from './hardened'
import { IdleChoice, type IdleDraft, idleDraft, idlePolicyOf } from './idle-choice'
import { NetworkChoice, networkDraft, parseNetwork } from './network-choice'
import { QuotaLeft } from './quota-left'
import { initialSize, SizeChoice, type SizeDraft, sizeLimits } from './size-choice'

const templateList = z.object({ templates: z.array(template) })

export function CreateDialog({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New sandbox" wide>
      <Loader />
    </Dialog>
  )
}

function Loader() {
  const list = useResource('/templates', templateList)
  const first = list.data?.templates[0]
  if (list.data && first) return <CreateForm templates={list.data.templates} first={first} />
  if (list.data) {
    return (
      <DialogBody>
        <Notice tone="warn">
          No templates yet. The first start builds one; try again in a few minutes, or ask your operator.
        </Notice>
      </DialogBody>
    )
  }
  return list.error ? <Failed error={list.error} retry={() => list.mutate()} /> : <SkeletonRows rows={4} />
}

function CreateForm({ templates, first }: { templates: readonly Template[]; first: Template }) {
  const router = useRouter()
  const { tenant } = useSession()
  const { mutate } = useSWRConfig()
  const refresh = useRefreshSandboxes()
  const quota = useResource('/quota', quotaStatus)
  const [chosen, setChosen] = useState(templates.find(({ name }) => name === 'base') ?? first)
  const [size, setSize] = useState<SizeDraft>(() => initialSize(chosen.defaults, 'Default'))
  const [network, setNetwork] = useState(() => networkDraft('internet'))
  const [isolation, setIsolation] = useState<Isolation>('standard')
  const [idle, setIdle] = useState<IdleDraft>(() => idleDraft(tenant.idle))
  const policy = parseNetwork(network)
  const limits = sizeLimits(size)
  // Loaded, and connected, while the person still chooses: the prompt is there when the page is.
  const [terminals] = useState(() => loadTerminals())
  const missing = limits && quota.data ? lacks(limits, quota.data.limits, quota.data.used) : []
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    const created = await call(sandbox, '/sandboxes', {
      method: 'POST',
      body: {
        template: chosen.name,
        network: policy,
        isolation,
        ...(idle === idleDraft(tenant.idle) ? {} : { idle: idlePolicyOf(idle) }),
        ...(limits ? { limits } : {}),
        ...(name ? { name } : {}),
      },
    })
    const { prepareWorkspace } = await terminals
    prepareWorkspace(created.id)
    // The workspace opens with what is known already, and asks again by itself.
    await mutate(`/sandboxes/${created.id}`, { ...created, usage: null }, { revalidate: false })
    router.push(`/sandboxes/${created.id}`)
    void refresh()
    return 'leaving'
  })
  const chooseTemplate = (name: string) => {
    const next = templates.find((entry) => entry.name === name)
    if (!next) return
    setChosen(next)
    setSize(initialSize(next.defaults, 'Default'))
    setIsolation(next.isolation[0] ?? 'standard')
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label="Name"
          name="name"
          autoFocus
          maxLength={64}
          placeholder="Leave blank to generate a name"
          autoComplete="off"
          error={fieldError('name')}
        />
        <Choice
          label="Template"
          value={chosen.name}
          onChange={chooseTemplate}
          options={templates.map(({ name, description }) => ({
            value: name,
            title: name,
            text: description,
          }))}
          className="sm:grid-cols-2"
        />
        <SizeChoice draft={size} onChange={setSize} fieldError={fieldError} />
        <NetworkChoice draft={network} onChange={setNetwork} />
        <IdleChoice draft={idle} onChange={setIdle} />
        {chosen.isolation.length > 1 && (
          <Choice
            label="Isolation"
            value={isolation}
            onChange={setIsolation}
            options={isolations.filter(({ value }) => chosen.isolation.includes(value))}
            className="grid-cols-2"
          />
        )}
        {isolation === 'hardened' && <HardenedNotice />}
      </DialogBody>
      <DialogFooter>
        {/* Beside the button that it disables: the form above may have scrolled. */}
        {missing.length > 0 && limits && quota.data ? (
          <p role="status" className="min-w-0 flex-1 basis-52 text-bad text-xs">
            {shortOf(missing, limits, quota.data)}
          </p>
        ) : (
          <QuotaLeft status={quota.data} />
        )}
        <Button
          type="submit"
          look="primary"
          busy={busy}
          disabled={!limits || missing.length > 0 || (typeof policy === 'object' && 'error' in policy)}
        >
          Create sandbox
        </Button>
      </DialogFooter>
    </form>
  )
}

const isolations = [
  { value: 'standard', title: 'Standard', text: 'Namespaces, seccomp and cgroups' },
  {
    value: 'hardened',
    title: 'Hardened',
    text: 'gVisor: stronger isolation, slower; no sudo or root in the shell',
  },
] as const

async function loadTerminals() {
  const [prepared, { terminalLine }] = await Promise.all([
    import('../../terminal/prepared'),
    import('../../terminal/line'),
    import('../terminal/terminal-area'),
  ])
  terminalLine()
  return prepared
}

function shortOf(
  missing: ReturnType<typeof lacks>,
  limits: Limits,
  { limits: quota, used }: z.infer<typeof quotaStatus>,
): string {
  const parts = missing.map((bound) => {
    const left = Math.max(0, quota[bound] - used[bound])
    const wanted = bound === 'sandboxes' ? 1 : limits[bound]
    return `${boundNames[bound].toLowerCase()}: ${amount(bound, wanted)} requested, ${amount(bound, left)} left`
  })
  return `This exceeds your tenant’s quota (${parts.join('; ')}). Choose a smaller size or delete a sandbox.`
}
