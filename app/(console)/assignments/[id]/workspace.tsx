'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { NetworkChoice, networkDraft, parseNetwork } from '../../../components/sandbox/network-choice'
import { initialSize, SizeChoice, sizeLimits } from '../../../components/sandbox/size-choice'
import { Choice } from '../../../components/ui/choice'
import { SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import { oneLine } from '../../../lib/format'
import {
  type Limits,
  limits as limitsSchema,
  type Snapshot,
  snapshotList,
  type Template,
  template,
} from '../../../lib/protocol'
import type { Assignment, ChangeAssignment } from '../../../lib/protocol-assignments'
import { useResource } from '../../../lib/resource'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { useUnsaved } from './use-unsaved'

const templateList = z.object({ templates: z.array(template) })
type Setup = NonNullable<Assignment['setup']>

/** What the workspaces of students are made from, and what they may use. */
export function WorkspacePart({ of, ...rest }: PartProps) {
  const t = useTranslations()
  const templates = useResource('/templates', templateList)
  const snapshots = useResource('/snapshots?limit=200', snapshotList)
  const error = templates.error ?? snapshots.error
  if (of.setup === null) return null
  return (
    <Panel title={t('assignmentPage.workspace')}>
      {templates.data && snapshots.data ? (
        <Form
          of={of}
          setup={of.setup}
          templates={templates.data.templates}
          snapshots={snapshots.data.items}
          {...rest}
        />
      ) : error ? (
        <Failed error={error} retry={() => Promise.all([templates.mutate(), snapshots.mutate()])} />
      ) : (
        <SkeletonRows rows={3} />
      )}
    </Panel>
  )
}

function Form({
  of,
  setup,
  teaches,
  onChange,
  templates,
  snapshots,
}: PartProps & {
  setup: Setup
  templates: readonly Template[]
  snapshots: readonly Snapshot[]
}) {
  const t = useTranslations()
  const toast = useToast()
  const { source } = setup
  const [kind, setKind] = useState<'template' | 'snapshot'>('template' in source ? 'template' : 'snapshot')
  const [name, setName] = useState('template' in source ? source.template : (templates[0]?.name ?? 'base'))
  const [snapshotId, setSnapshotId] = useState(
    'snapshot' in source ? source.snapshot : (snapshots[0]?.id ?? ''),
  )
  const [own, setOwn] = useState<'source' | 'own'>(setup.limits === null ? 'source' : 'own')
  const defaults = defaultsOf(kind, name, snapshotId, templates, snapshots)
  const [size, setSize] = useState(() => initialSize(completed(setup.limits, defaults), t('sandbox.current')))
  const [network, setNetwork] = useState(() => networkDraft(setup.network))
  const [unsaved, setUnsaved] = useState(false)
  const edit =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      set(value)
      setUnsaved(true)
    }
  const policy = parseNetwork(network)
  const limits = own === 'source' ? null : sizeLimits(size)
  const valid =
    (own === 'source' || limits !== null) &&
    !(typeof policy === 'object' && 'error' in policy) &&
    (kind === 'template' || snapshotId !== '')
  useUnsaved(unsaved)
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    const wanted: ChangeAssignment = {
      source: kind === 'template' ? { template: name } : { snapshot: snapshotId },
      limits,
      ...(typeof policy === 'object' && 'error' in policy ? {} : { network: policy }),
    }
    onChange(await change(of.id, wanted))
    setUnsaved(false)
    toast.done(t('assignmentPage.saved'))
  })
  return (
    <form onSubmit={submit} className="p-4">
      <fieldset disabled={!teaches} className="grid gap-4">
        <legend className="sr-only">{t('assignmentPage.workspace')}</legend>
        <p className="text-muted">{t('assignmentPage.workspaceText')}</p>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Choice
          label={t('assignmentPage.source')}
          value={kind}
          onChange={edit(setKind)}
          options={[
            {
              ...{ value: 'template', disabled: !teaches },
              ...{ title: t('assignmentPage.template'), text: t('assignmentPage.templateText') },
            },
            {
              ...{ value: 'snapshot', disabled: !teaches || snapshots.length === 0 },
              ...{ title: t('assignmentPage.snapshot'), text: t('assignmentPage.snapshotText') },
            },
          ]}
          className="sm:grid-cols-2"
        />
        {kind === 'template' ? (
          <SelectField
            label={t('assignmentPage.template')}
            value={name}
            onChange={({ target }) => edit(setName)(target.value)}
            error={fieldError('source.template') ?? fieldError('source')}
          >
            {withMissing(
              templates.map((one) => ({ value: one.name, title: one.name })),
              name,
            ).map(option)}
          </SelectField>
        ) : (
          <SelectField
            label={t('assignmentPage.snapshot')}
            value={snapshotId}
            onChange={({ target }) => edit(setSnapshotId)(target.value)}
            error={fieldError('source.snapshot') ?? fieldError('source')}
          >
            {withMissing(
              snapshots.map((one) => ({
                value: one.id,
                title: `${oneLine(one.name)} · ${oneLine(one.sandboxName)}`,
              })),
              snapshotId,
            ).map(option)}
          </SelectField>
        )}
        <Choice
          label={t('assignmentPage.limits')}
          value={own}
          onChange={edit(setOwn)}
          options={[
            { value: 'source', title: t('assignmentPage.limitsOfSource'), disabled: !teaches },
            { value: 'own', title: t('assignmentPage.limitsOwn'), disabled: !teaches },
          ]}
          className="sm:grid-cols-2"
        />
        {own === 'own' && <SizeChoice draft={size} onChange={edit(setSize)} fieldError={fieldError} />}
        <NetworkChoice draft={network} onChange={edit(setNetwork)} />
        {teaches && <SaveBar unsaved={unsaved} busy={busy} disabled={!valid} />}
      </fieldset>
    </form>
  )
}

interface Named {
  readonly value: string
  readonly title: string
}

const option = ({ value, title }: Named) => (
  <option key={value} value={value}>
    {title}
  </option>
)

/** With what is chosen, also where it is gone: nothing else is chosen by looking. */
function withMissing(options: readonly Named[], chosen: string): readonly Named[] {
  return options.some(({ value }) => value === chosen)
    ? options
    : [...options, { value: chosen, title: chosen }]
}

/** Limits of which some may be left out, with what they then are. */
function completed(some: Setup['limits'], defaults: Limits): Limits {
  const parsed = limitsSchema.safeParse({ ...defaults, ...some })
  return parsed.success ? parsed.data : defaults
}

const someLimits: Limits = { cpus: 1, memoryMiB: 512, diskMiB: 1024, pids: 256 }

function defaultsOf(
  kind: 'template' | 'snapshot',
  name: string,
  snapshotId: string,
  templates: readonly Template[],
  snapshots: readonly Snapshot[],
): Limits {
  const of =
    kind === 'template'
      ? templates.find((one) => one.name === name)?.defaults
      : snapshots.find(({ id }) => id === snapshotId)?.limits
  return of ?? someLimits
}
