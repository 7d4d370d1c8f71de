'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { NetworkChoice, networkDraft, parseNetwork } from '../../../components/sandbox/network-choice'
import { Choice } from '../../../components/ui/choice'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import type { Assignment } from '../../../lib/protocol-assignments'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { useUnsaved } from './use-unsaved'

const draftOf = ({ exam }: Assignment) => ({
  kind: exam === null ? ('ordinary' as const) : ('exam' as const),
  network: networkDraft(exam?.network ?? 'none'),
})

/** Whether it is an exam, and what its sandboxes reach. */
export function ExamPart({ of, teaches, onChange }: PartProps) {
  const t = useTranslations()
  const toast = useToast()
  const [draft, setDraft] = useState(() => draftOf(of))
  const unsaved = JSON.stringify(draft) !== JSON.stringify(draftOf(of))
  const policy = parseNetwork(draft.network)
  const network = policy === 'none' || (typeof policy === 'object' && 'allow' in policy) ? policy : undefined
  useUnsaved(unsaved)
  const { submit, busy, error } = useSubmit(async () => {
    const exam =
      draft.kind === 'exam' && network !== undefined
        ? { ...(of.exam ?? { paste: 'prevent' as const }), network }
        : null
    const changed = await change(of.id, { exam })
    setDraft(draftOf(changed))
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  return (
    <Panel title={t('exams.settings')}>
      <form onSubmit={submit} className="p-4">
        <fieldset disabled={!teaches} className="grid gap-4">
          <legend className="sr-only">{t('exams.settings')}</legend>
          <p className="text-muted">{t('exams.notTaken')}</p>
          {error && <Notice tone="bad">{error.message}</Notice>}
          <Choice
            label={t('exams.kind')}
            value={draft.kind}
            onChange={(kind) => setDraft({ ...draft, kind })}
            options={(['ordinary', 'exam'] as const).map((value) => ({
              ...{ value, title: t(`exams.is.${value}`), text: t(`exams.isText.${value}`) },
              disabled: !teaches,
            }))}
            className="sm:grid-cols-2"
          />
          {draft.kind === 'exam' && (
            <NetworkChoice
              without="internet"
              draft={draft.network}
              onChange={(network) => setDraft({ ...draft, network })}
            />
          )}
          {teaches && (
            <SaveBar
              unsaved={unsaved}
              busy={busy}
              disabled={draft.kind === 'exam' && network === undefined}
            />
          )}
        </fieldset>
      </form>
    </Panel>
  )
}
