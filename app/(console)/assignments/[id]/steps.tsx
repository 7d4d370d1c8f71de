'use client'

import { ChevronDown, ChevronUp, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { AreaField, Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { oneLine } from '../../../lib/format'
import { moved } from '../../../lib/moved'
import { assignmentBounds } from '../../../lib/protocol-assignments'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { draftsOf, newStep, type StepDraft, stepsOf } from './step-draft'
import { useUnsaved } from './use-unsaved'

/** The way through an assignment: steps in their order, each perhaps with a command that ticks it. */
export function StepsPart({ of, teaches, onChange }: PartProps) {
  const t = useTranslations()
  const toast = useToast()
  const [saved, setSaved] = useState(() => draftsOf(of.steps))
  const [steps, setSteps] = useState(saved)
  const unsaved = steps !== saved && JSON.stringify(steps) !== JSON.stringify(saved)
  useUnsaved(unsaved)
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    const changed = await change(of.id, { steps: [...stepsOf(steps)] })
    const drafts = draftsOf(changed.steps)
    setSaved(drafts)
    setSteps(drafts)
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  const edit = (at: number, part: Partial<StepDraft>) =>
    setSteps(steps.map((step, index) => (index === at ? { ...step, ...part } : step)))
  return (
    <Panel title={t('work.steps')}>
      <form onSubmit={submit} className="grid gap-4 p-4">
        <p className="text-muted">{t('assignmentPage.stepsText')}</p>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {steps.length > 0 && (
          <ol className="grid gap-3">
            {steps.map((step, at) => (
              <li key={step.key} className="rounded-md border border-line p-3">
                <StepFields
                  step={step}
                  at={at}
                  last={at === steps.length - 1}
                  teaches={teaches}
                  onEdit={(part) => edit(at, part)}
                  onMove={(to) => setSteps(moved(steps, at, to))}
                  onRemove={() => setSteps(steps.filter((_, index) => index !== at))}
                  fieldError={(path) => fieldError(`steps.${at}.${path}`)}
                />
              </li>
            ))}
          </ol>
        )}
        {teaches && (
          <>
            <Button
              className="justify-self-start"
              disabled={steps.length >= assignmentBounds.steps}
              onClick={() => setSteps([...steps, newStep(steps)])}
            >
              <Plus aria-hidden />
              {t('assignmentPage.addStep')}
            </Button>
            <SaveBar unsaved={unsaved} busy={busy} />
          </>
        )}
      </form>
    </Panel>
  )
}

function StepFields({
  step,
  at,
  last,
  teaches,
  onEdit,
  onMove,
  onRemove,
  fieldError,
}: {
  step: StepDraft
  at: number
  last: boolean
  teaches: boolean
  onEdit: (part: Partial<StepDraft>) => void
  onMove: (to: number) => void
  onRemove: () => void
  fieldError: (path: string) => string | undefined
}) {
  const t = useTranslations()
  const name = step.title.trim() === '' ? t('assignmentPage.step', { number: at + 1 }) : oneLine(step.title)
  const buttons = [
    { icon: ChevronUp, label: t('assignments.moveUp', { name }), off: at === 0, run: () => onMove(at - 1) },
    { icon: ChevronDown, label: t('assignments.moveDown', { name }), off: last, run: () => onMove(at + 1) },
    { icon: Trash2, label: t('assignmentPage.removeStep', { name }), off: false, run: onRemove },
  ]
  return (
    <fieldset disabled={!teaches} className="grid gap-3">
      <legend className="sr-only">{name}</legend>
      <div className="flex items-end gap-2">
        <div className="min-w-0 flex-1">
          <Field
            label={t('assignmentPage.step', { number: at + 1 })}
            required
            maxLength={200}
            placeholder={t('assignmentPage.stepHint')}
            value={step.title}
            onChange={({ target }) => onEdit({ title: target.value })}
            error={fieldError('title')}
          />
        </div>
        {teaches &&
          buttons.map(({ icon: Icon, label, off, run }) => (
            <Button key={label} look="quiet" size="icon" aria-label={label} disabled={off} onClick={run}>
              <Icon />
            </Button>
          ))}
      </div>
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          className="mt-1"
          checked={step.checked}
          onChange={({ target }) => onEdit({ checked: target.checked })}
        />
        {t('assignmentPage.checked')}
      </label>
      {step.checked && (
        <div className="grid gap-3 sm:grid-cols-[1fr_10rem]">
          <AreaField
            label={t('assignmentPage.command')}
            hint={t('assignmentPage.commandHint')}
            required
            rows={Math.min(6, step.command.split('\n').length)}
            maxLength={8192}
            placeholder="test -f loop.py"
            value={step.command}
            onChange={({ target }) => onEdit({ command: target.value })}
            error={fieldError('check.command')}
          />
          <Field
            label={t('assignmentPage.timeout')}
            type="number"
            inputMode="numeric"
            required
            min={1}
            max={60}
            value={step.timeoutSeconds}
            onChange={({ target }) => onEdit({ timeoutSeconds: target.value })}
            error={fieldError('check.timeoutSeconds')}
          />
        </div>
      )}
    </fieldset>
  )
}
