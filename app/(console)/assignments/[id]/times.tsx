'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Panel } from '../../../components/ui/panel'
import { useToast } from '../../../components/ui/toast'
import { useSubmit } from '../../../lib/use-submit'
import { change, type PartProps } from './change'
import { SaveBar } from './save-bar'
import { lateChoices, type TimeDraft, timeChange, timeDraftOf, wrongOrder } from './time-draft'
import { useUnsaved } from './use-unsaved'

/** When it opens and ends, by the clocks of the class. */
export function TimesPart({ of, teaches, onChange, timeZone }: PartProps & { timeZone: string }) {
  const t = useTranslations()
  const toast = useToast()
  const [saved, setSaved] = useState(() => timeDraftOf(of))
  const [draft, setDraft] = useState(saved)
  const wanted = timeChange(draft, saved)
  const unsaved = Object.keys(wanted).length > 0
  const wrong = wrongOrder(draft)
  useUnsaved(unsaved)
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    const changed = await change(of.id, wanted)
    setSaved(timeDraftOf(changed))
    setDraft(timeDraftOf(changed))
    onChange(changed)
    toast.done(t('assignmentPage.saved'))
  })
  const edit = (part: Partial<TimeDraft>) => setDraft({ ...draft, ...part })
  return (
    <Panel title={t('assignmentPage.times')}>
      <form onSubmit={submit} className="p-4">
        <fieldset disabled={!teaches} className="grid gap-4">
          <legend className="sr-only">{t('assignmentPage.times')}</legend>
          <p className="text-muted">{t('assignmentPage.timesText', { timeZone })}</p>
          {error && <Notice tone="bad">{error.message}</Notice>}
          <div className="grid gap-4 sm:grid-cols-2">
            <Field
              label={t('assignments.opens')}
              hint={t('assignmentPage.opensHint')}
              type="datetime-local"
              max="2999-12-31T23:59"
              value={draft.opens}
              onChange={({ target }) => edit({ opens: target.value })}
              error={fieldError('opensAt')}
            />
            <Field
              label={t('assignments.due')}
              hint={t('assignmentPage.dueHint')}
              type="datetime-local"
              max="2999-12-31T23:59"
              value={draft.due}
              onChange={({ target }) => edit({ due: target.value })}
              error={wrong === 'due' ? t('assignmentPage.dueTooEarly') : fieldError('dueAt')}
            />
          </div>
          {draft.due !== '' && (
            <div className="grid gap-4 sm:grid-cols-2">
              <SelectField
                label={t('assignmentPage.late')}
                value={draft.late}
                onChange={({ target }) => {
                  const late = lateChoices.find((one) => one === target.value)
                  if (late) edit({ late })
                }}
              >
                {lateChoices.map((one) => (
                  <option key={one} value={one}>
                    {t(`assignmentPage.lates.${one}`)}
                  </option>
                ))}
              </SelectField>
              {draft.late !== 'closed' && (
                <Field
                  label={t('assignmentPage.percent')}
                  hint={t('assignmentPage.percentHint')}
                  type="number"
                  inputMode="decimal"
                  required
                  min={0}
                  max={100}
                  step="any"
                  value={draft.percent}
                  onChange={({ target }) => edit({ percent: target.value })}
                  error={fieldError('late.percentPerDay')}
                />
              )}
              {draft.late === 'until' && (
                <Field
                  label={t('assignmentPage.until')}
                  type="datetime-local"
                  max="2999-12-31T23:59"
                  required
                  value={draft.until}
                  onChange={({ target }) => edit({ until: target.value })}
                  error={wrong === 'until' ? t('assignmentPage.untilTooEarly') : fieldError('late.until')}
                />
              )}
            </div>
          )}
          {teaches && <SaveBar unsaved={unsaved} busy={busy} disabled={wrong !== null} />}
        </fieldset>
      </form>
    </Panel>
  )
}
