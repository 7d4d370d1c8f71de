'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Schedule, schedule, scheduleAction, scheduleBounds } from '../../lib/protocol-schedules'
import { text, useSubmit } from '../../lib/use-submit'
import { SandboxSelect, SourceFields, sourceOf } from './source-fields'
import { cronOf, firstWhen, whenOf } from './when'
import { WhenFields } from './when-fields'

/** What the dialog is about. */
export type About = Schedule | { readonly sandbox?: string }

interface Props {
  readonly about: About
  readonly onClose: () => void
  readonly onDone: () => void
}

/** A schedule, new or as it is. @param about null while it is closed */
export function ScheduleDialog({ about, ...rest }: Omit<Props, 'about'> & { about: About | null }) {
  const t = useTranslations()
  return (
    <Dialog
      open={about !== null}
      onOpenChange={(open) => !open && rest.onClose()}
      title={t(about !== null && 'id' in about ? 'schedules.editTitle' : 'schedules.new')}
    >
      {about && <Form about={about} {...rest} />}
    </Dialog>
  )
}

function Form({ about, onClose, onDone }: Props) {
  const t = useTranslations()
  const toast = useToast()
  const before = 'id' in about ? about : undefined
  const [action, setAction] = useState(before?.action ?? 'snapshot')
  const [when, setWhen] = useState(before === undefined ? firstWhen : whenOf(before.cron))
  const zone = before?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    const body = {
      ...(name === '' ? {} : { name }),
      ...{ cron: cronOf(when), timeZone: text(form, 'timeZone').trim() },
      ...(action === 'snapshot' ? { keep: Number(text(form, 'keep')) } : {}),
      ...(action === 'rebuild' ? { from: sourceOf(form, before?.from ?? null) } : {}),
    }
    const of =
      action === 'rebuild' ? { template: text(form, 'template').trim() } : { sandbox: text(form, 'sandbox') }
    const made =
      before === undefined
        ? await call(schedule, '/schedules', { method: 'POST', body: { ...body, ...of, action } })
        : await call(schedule, `/schedules/${before.id}`, { method: 'PATCH', body })
    toast.done(
      t(before === undefined ? 'schedules.created' : 'schedules.changed', { name: oneLine(made.name) }),
    )
    onDone()
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {before === undefined && (
          <>
            <SelectField
              label={t('schedules.action')}
              value={action}
              autoFocus
              onChange={({ target: { value } }) => setAction(scheduleAction.parse(value))}
            >
              {scheduleAction.options.map((one) => (
                <option key={one} value={one}>
                  {t(`schedules.actions.${one}`)}
                </option>
              ))}
            </SelectField>
            {action === 'rebuild' ? (
              <Field
                label={t('schedules.template')}
                name="template"
                required
                maxLength={40}
                autoComplete="off"
                hint={t('schedules.templateHint')}
                error={fieldError('template')}
              />
            ) : (
              <SandboxSelect
                label={t('schedules.sandbox')}
                chosen={'sandbox' in about ? (about.sandbox ?? undefined) : undefined}
              />
            )}
          </>
        )}
        {action === 'rebuild' && <SourceFields source={before?.from ?? null} />}
        <WhenFields when={when} onChange={setWhen} timeZone={zone} />
        {action === 'snapshot' && (
          <Field
            label={t('schedules.keep')}
            name="keep"
            type="number"
            inputMode="numeric"
            min={1}
            max={scheduleBounds.keepMax}
            required
            defaultValue={before?.keep ?? scheduleBounds.keepDefault}
            hint={t('schedules.keepHint')}
            error={fieldError('keep')}
          />
        )}
        <Field
          label={t('schedules.name')}
          name="name"
          defaultValue={before?.name}
          required={before !== undefined}
          maxLength={64}
          autoComplete="off"
          hint={before === undefined ? t('schedules.nameHint') : undefined}
          error={fieldError('name')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t(before === undefined ? 'schedules.create' : 'schedules.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
