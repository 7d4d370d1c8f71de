'use client'

import { useRouter } from 'next/navigation'
import { lazy, Suspense, useState } from 'react'
import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { copyStarter } from '../../inside/project'
import { runIn } from '../../inside/run'
import { call } from '../../lib/api'
import { type Bound, lacks } from '../../lib/limits'
import {
  type Isolation,
  type Limits,
  quotaStatus,
  sandboxWithUsage,
  type Template,
  template,
} from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useRefreshSandboxes } from '../../lib/sandboxes'
import { useSession } from '../../lib/session'
import { useLimits } from '../../lib/use-limits'
import { text, useSubmit } from '../../lib/use-submit'
import { beginWith } from '../../workspace/beginning'
import { Button } from '../ui/button'
import { Choice } from '../ui/choice'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { Failed, SkeletonRows } from '../ui/states'
import { useToast } from '../ui/toast'
import { BeginChoice, type Beginning } from './begin-choice'
import { HardenedNotice } from './hardened'
import { IdleChoice, type IdleDraft, idleDraft, idlePolicyOf } from './idle-choice'
import { NetworkChoice, networkDraft, parseNetwork } from './network-choice'
import { QuotaLeft } from './quota-left'
import { initialSize, SizeChoice, type SizeDraft, sizeLimits } from './size-choice'
import type { MountDraft } from './volume-choice'

const VolumeChoice = lazy(() =>
  import('./volume-choice').then((loaded) => ({ default: loaded.VolumeChoice })),
)

const templateList = z.object({ templates: z.array(template) })

export function CreateDialog({
  open,
  onOpenChange,
  repository = '',
  template = 'base',
}: {
  open: boolean
  /** The address of one that the form begins with. */
  repository?: string
  /** The name of the one that is chosen at first. */
  template?: string
  onOpenChange: (open: boolean) => void
}) {
  const t = useTranslations()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('sandbox.new')} wide>
      <Loader repository={repository} wanted={template} />
    </Dialog>
  )
}

function Loader({ repository, wanted }: { repository: string; wanted: string }) {
  const t = useTranslations()
  const list = useResource('/templates', templateList)
  const first = list.data?.templates[0]
  const named = (name: string) => list.data?.templates.find((one) => one.name === name)
  if (list.data && first)
    return (
      <CreateForm
        templates={list.data.templates}
        first={named(wanted) ?? named('base') ?? first}
        repository={repository}
      />
    )
  if (list.data) {
    return (
      <DialogBody>
        <Notice tone="warn">{t('sandbox.noTemplates')}</Notice>
      </DialogBody>
    )
  }
  return list.error ? <Failed error={list.error} retry={() => list.mutate()} /> : <SkeletonRows rows={4} />
}

function CreateForm({
  templates,
  first,
  repository,
}: {
  templates: readonly Template[]
  first: Template
  repository: string
}) {
  const t = useTranslations()
  const router = useRouter()
  const { tenant } = useSession()
  const { mutate } = useSWRConfig()
  const refresh = useRefreshSandboxes()
  const quota = useResource('/quota', quotaStatus)
  const [chosen, setChosen] = useState(first)
  const [size, setSize] = useState<SizeDraft>(() => initialSize(chosen.defaults, t('sandbox.default')))
  const [network, setNetwork] = useState(() => networkDraft('internet'))
  const [isolation, setIsolation] = useState<Isolation>('standard')
  /** What it gets without a word about it. */
  const policyOfTemplate = idleDraft(chosen.idle ?? tenant.idle)
  const [chosenIdle, setIdle] = useState<IdleDraft | null>(null)
  const idle = chosenIdle ?? policyOfTemplate
  const [beginning, setBeginning] = useState<Beginning>(repository === '' ? 'starter' : 'repository')
  const [mounts, setMounts] = useState<readonly MountDraft[]>([])
  const toast = useToast()
  const policy = parseNetwork(network)
  const limits = sizeLimits(size)
  // Loaded, and connected, while the person still chooses: the prompt is there when the page is.
  const [terminals] = useState(() => loadTerminals())
  const missing = limits && quota.data ? lacks(limits, quota.data.limits, quota.data.used) : []
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    const created = await call(sandboxWithUsage, '/sandboxes', {
      method: 'POST',
      body: {
        template: chosen.name,
        network: policy,
        isolation,
        ...(idle === policyOfTemplate ? {} : { idle: idlePolicyOf(idle) }),
        ...(limits ? { limits } : {}),
        ...(mounts.length === 0 ? {} : { volumes: mounts.map(({ key: _, ...mount }) => mount) }),
        ...(name ? { name } : {}),
      },
    })
    if (beginning === 'repository') beginWith(created.id, text(form, 'repository'))
    else if (beginning === 'starter') void copyStarter(runIn(created.id)).catch(toast.failed)
    const { prepareWorkspace } = await terminals
    prepareWorkspace(created.id)
    // The workspace opens with what is known already, and asks again by itself.
    await mutate(`/sandboxes/${created.id}`, created, { revalidate: false })
    router.push(`/sandboxes/${created.id}`)
    void refresh()
    return 'leaving'
  })
  const chooseTemplate = (name: string) => {
    const next = templates.find((entry) => entry.name === name)
    if (!next) return
    setChosen(next)
    setSize(initialSize(next.defaults, t('sandbox.default')))
    setIsolation(next.isolation[0] ?? 'standard')
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('sandbox.name')}
          name="name"
          autoFocus
          maxLength={64}
          placeholder={t('sandbox.nameHint')}
          autoComplete="off"
          error={fieldError('name')}
        />
        <Choice
          label={t('sandbox.template')}
          value={chosen.name}
          onChange={chooseTemplate}
          options={templates.map(({ name, description, own }) => ({
            value: name,
            title: name,
            text: own === null ? description : `${t('sandbox.ownTemplate')} · ${description}`,
          }))}
          className="sm:grid-cols-2"
        />
        <BeginChoice value={beginning} onChange={setBeginning} repository={repository} />
        <SizeChoice draft={size} onChange={setSize} fieldError={fieldError} />
        <NetworkChoice draft={network} onChange={setNetwork} />
        <IdleChoice draft={idle} onChange={setIdle} />
        <Suspense>
          <VolumeChoice drafts={mounts} onChange={setMounts} fieldError={fieldError} />
        </Suspense>
        {chosen.isolation.length > 1 && (
          <Choice
            label={t('sandbox.isolation')}
            value={isolation}
            onChange={setIsolation}
            options={chosen.isolation.map((value) => ({
              value,
              title: t(`sandbox.${value}`),
              text: t(`sandbox.${value}Text`),
            }))}
            className="grid-cols-2"
          />
        )}
        {isolation === 'hardened' && <HardenedNotice />}
      </DialogBody>
      <DialogFooter>
        {/* Beside the button that it disables: the form above may have scrolled. */}
        {missing.length > 0 && limits && quota.data ? (
          <p role="status" className="min-w-0 flex-1 basis-52 text-bad text-xs">
            <Lacking bounds={missing} limits={limits} quota={quota.data} />
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
          {t('sandbox.create')}
        </Button>
      </DialogFooter>
    </form>
  )
}

async function loadTerminals() {
  const [prepared, { terminalLine }] = await Promise.all([
    import('../../terminal/prepared'),
    import('../../terminal/line'),
    import('../terminal/terminal-area'),
  ])
  terminalLine()
  return prepared
}

function Lacking({
  bounds,
  limits,
  quota,
}: {
  bounds: readonly Bound[]
  limits: Limits
  quota: z.infer<typeof quotaStatus>
}) {
  const t = useTranslations()
  const { amount } = useLimits()
  const parts = bounds.map((bound) =>
    t('sandbox.lack', {
      bound: t(`units.boundsInText.${bound}`),
      wanted: amount(bound, bound === 'sandboxes' ? 1 : limits[bound]),
      left: amount(bound, Math.max(0, quota.limits[bound] - quota.used[bound])),
    }),
  )
  return t('sandbox.lacks', { parts: parts.join(t('sandbox.lackJoin')) })
}
