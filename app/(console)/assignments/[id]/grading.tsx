'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { NetworkChoice, networkDraft, parseNetwork } from '../../../components/sandbox/network-choice'
import { Choice } from '../../../components/ui/choice'
import { Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { template } from '../../../lib/protocol'
import type { Assignment } from '../../../lib/protocol-assignments'
import { useResource } from '../../../lib/resource'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { useUnsaved } from './use-unsaved'

const templateList = z.object({ templates: z.array(template) })
const feedbacks = ['always', 'after_due', 'never'] as const
type Grading = NonNullable<Assignment['setup']>['grading']

const draftOf = ({ automatic, feedback, template: name, network, maxPoints }: Grading) => ({
  starts: automatic ? ('automatic' as const) : ('byHand' as const),
  ...{ feedback, template: name ?? '', network: networkDraft(network) },
  maxPoints: maxPoints === null ? '' : String(maxPoints),
})

/** When tests run, where, and what students are shown of it. */
export function GradingPart({ of, ...rest }: PartProps) {
  if (of.setup === null) return null
  return <Form of={of} grading={of.setup.grading} {...rest} />
}

function Form({ of, grading, teaches, onChange }: PartProps & { grading: Grading }) {
  const t = useTranslations()
  const toast = useToast()
  const templates = useResource('/templates', templateList)
  const [draft, setDraft] = useState(() => draftOf(grading))
  const edit = (changed: Partial<typeof draft>) => setDraft({ ...draft, ...changed })
  const unsaved = JSON.stringify(draft) !== JSON.stringify(draftOf(grading))
  const policy = parseNetwork(draft.network)
  const network = typeof policy === 'object' && 'error' in policy ? undefined : policy
  useUnsaved(unsaved)
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    const { starts, feedback, template: name, maxPoints } = draft
    const changed = await change(of.id, {
      grading: {
        ...{ automatic: starts === 'automatic', feedback, template: name || null },
        ...{ network: network ?? grading.network, maxPoints: maxPoints === '' ? null : Number(maxPoints) },
      },
    })
    if (changed.setup !== null) setDraft(draftOf(changed.setup.grading))
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  // With what is chosen, also where it is gone: nothing else is chosen by looking.
  const names = new Set([...(templates.data?.templates ?? []).map(({ name }) => name), draft.template])
  return (
    <Panel title={t('assignmentPage.grading')}>
      <form onSubmit={submit} className="p-4">
        <fieldset disabled={!teaches} className="grid gap-4">
          <legend className="sr-only">{t('assignmentPage.grading')}</legend>
          {error && <Notice tone="bad">{error.message}</Notice>}
          <Choice
            label={t('assignmentPage.gradingStarts')}
            value={draft.starts}
            onChange={(starts) => edit({ starts })}
            options={(['automatic', 'byHand'] as const).map((value) => ({
              ...{ value, disabled: !teaches, title: t(`assignmentPage.starts.${value}`) },
              text: t(`assignmentPage.startsText.${value}`),
            }))}
            className="sm:grid-cols-2"
          />
          <Choice
            label={t('assignmentPage.feedback')}
            value={draft.feedback}
            onChange={(feedback) => edit({ feedback })}
            options={feedbacks.map((value) => ({
              ...{ value, disabled: !teaches, title: t(`assignmentPage.feedbacks.${value}`) },
              text: t(`assignmentPage.feedbacksText.${value}`),
            }))}
            className="sm:grid-cols-3"
          />
          <div className="grid gap-4 sm:grid-cols-2">
            <Field
              label={t('assignmentPage.maxPoints')}
              hint={t('assignmentPage.maxPointsHint')}
              type="number"
              inputMode="decimal"
              min={0}
              max={1_000_000}
              step="any"
              value={draft.maxPoints}
              onChange={({ target }) => edit({ maxPoints: target.value })}
              error={fieldError('grading.maxPoints')}
            />
            <SelectField
              label={t('assignmentPage.gradingTemplate')}
              hint={t('assignmentPage.gradingTemplateHint')}
              value={draft.template}
              onChange={({ target }) => edit({ template: target.value })}
              error={fieldError('grading.template')}
            >
              <option value="">{t('assignmentPage.gradingAsWork')}</option>
              {[...names].filter(Boolean).map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </SelectField>
          </div>
          <NetworkChoice draft={draft.network} onChange={(changed) => edit({ network: changed })} />
          {teaches && <SaveBar unsaved={unsaved} busy={busy} disabled={network === undefined} />}
        </fieldset>
      </form>
    </Panel>
  )
}
