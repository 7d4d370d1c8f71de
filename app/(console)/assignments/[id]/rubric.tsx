'use client'

import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { AreaField, Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { oneLine } from '../../../lib/format'
import { type Rubric, rubricBounds } from '../../../lib/protocol-assignments'
import { TextError } from '../../../lib/text-error'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { type CriterionDraft, draftsOfRubric, newCriterion, rubricOf } from './rubric-draft'
import { SaveBar } from './save-bar'
import { useUnsaved } from './use-unsaved'

const nothing: Rubric = []

/** How people give points for an assignment: criteria, each with levels. */
export function RubricPart({ of, teaches, onChange }: PartProps) {
  const t = useTranslations()
  const toast = useToast()
  const [saved, setSaved] = useState(() => draftsOfRubric(of.setup?.rubric ?? nothing))
  const [criteria, setCriteria] = useState(saved)
  const unsaved = criteria !== saved && JSON.stringify(criteria) !== JSON.stringify(saved)
  useUnsaved(unsaved)
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    const read = rubricOf(criteria)
    if ('wrong' in read) throw new TextError('rubrics.levelsWrong', { name: oneLine(read.wrong) })
    const changed = await change(of.id, { rubric: read.rubric })
    const drafts = draftsOfRubric(changed.setup?.rubric ?? nothing)
    setSaved(drafts)
    setCriteria(drafts)
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  const edit = (at: number, part: Partial<CriterionDraft>) =>
    setCriteria(criteria.map((one, index) => (index === at ? { ...one, ...part } : one)))
  return (
    <Panel title={t('rubrics.title')}>
      <form onSubmit={submit} className="grid gap-4 p-4">
        <p className="text-muted">{t('rubrics.text')}</p>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {criteria.length === 0 && <p className="text-muted">{t('rubrics.none')}</p>}
        {criteria.length > 0 && (
          <ol className="grid gap-3">
            {criteria.map((one, at) => (
              <li key={one.key} className="rounded-md border border-line p-3">
                <CriterionFields
                  of={one}
                  at={at}
                  teaches={teaches}
                  onEdit={(part) => edit(at, part)}
                  onRemove={() => setCriteria(criteria.filter((_, index) => index !== at))}
                  fieldError={(path) => fieldError(`rubric.${at}.${path}`)}
                />
              </li>
            ))}
          </ol>
        )}
        {teaches && (
          <>
            <Button
              className="justify-self-start"
              disabled={criteria.length >= rubricBounds.criteria}
              onClick={() => setCriteria([...criteria, newCriterion(criteria)])}
            >
              <Plus aria-hidden />
              {t('rubrics.add')}
            </Button>
            <SaveBar unsaved={unsaved} busy={busy} />
          </>
        )}
      </form>
    </Panel>
  )
}

function CriterionFields({
  of,
  at,
  teaches,
  onEdit,
  onRemove,
  fieldError,
}: {
  of: CriterionDraft
  at: number
  teaches: boolean
  onEdit: (part: Partial<CriterionDraft>) => void
  onRemove: () => void
  fieldError: (path: string) => string | undefined
}) {
  const t = useTranslations()
  const number = t('rubrics.criterion', { number: String(at + 1) })
  const name = of.title.trim() === '' ? number : oneLine(of.title)
  return (
    <fieldset disabled={!teaches} className="grid gap-3">
      <legend className="sr-only">{name}</legend>
      <div className="flex items-end gap-2">
        <div className="min-w-0 flex-1">
          <Field
            label={number}
            required
            maxLength={200}
            placeholder={t('rubrics.criterionHint')}
            value={of.title}
            onChange={({ target }) => onEdit({ title: target.value })}
            error={fieldError('title')}
          />
        </div>
        {teaches && (
          <Button look="quiet" size="icon" aria-label={t('rubrics.remove', { name })} onClick={onRemove}>
            <Trash2 aria-hidden />
          </Button>
        )}
      </div>
      <AreaField
        label={t('rubrics.levels', { name })}
        hint={t('rubrics.levelsHint')}
        required
        rows={3}
        className="font-sans text-sm"
        value={of.levels}
        onChange={({ target }) => onEdit({ levels: target.value })}
        error={fieldError('levels')}
      />
    </fieldset>
  )
}
