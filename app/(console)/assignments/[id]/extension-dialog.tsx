'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { useToast } from '../../../components/ui/toast'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { Assignment, StudentWork } from '../../../lib/protocol-assignments'
import { text, useSubmit } from '../../../lib/use-submit'

interface Props {
  readonly of: Assignment
  readonly timeZone: string
  readonly onClose: () => void
  readonly onDone: () => void
}

/** More time for one student. @param student null while it is closed */
export function ExtensionDialog({ student, ...rest }: Props & { student: StudentWork | null }) {
  const t = useTranslations()
  return (
    <Dialog
      open={student !== null}
      onOpenChange={(open) => open || rest.onClose()}
      title={t('assignmentPage.extendOf', { name: oneLine(student?.name ?? '') })}
      description={t('assignmentPage.extendText')}
    >
      {student && <Form student={student} {...rest} />}
    </Dialog>
  )
}

function Form({ of, timeZone, student, onDone }: Props & { student: StudentWork }) {
  const t = useTranslations()
  const toast = useToast()
  const path = `/assignments/${of.id}/extensions/${student.student}`
  const name = oneLine(student.name)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await order(path, { method: 'PUT', body: { dueAt: text(form, 'dueAt') } })
    toast.done(t('assignmentPage.extendedDone', { name }))
    onDone()
  })
  const back = useSubmit(async () => {
    await order(path, { method: 'DELETE' })
    onDone()
  })
  const failure = error ?? back.error
  return (
    <>
      <form id="extension" onSubmit={submit} className="contents">
        <DialogBody>
          {failure && <Notice tone="bad">{failure.message}</Notice>}
          <Field
            label={t('assignments.due')}
            hint={t('assignmentPage.extendHint', { timeZone })}
            name="dueAt"
            type="datetime-local"
            required
            autoFocus
            min={of.dueAt?.local}
            max="2999-12-31T23:59"
            defaultValue={student.dueAt?.local ?? of.dueAt?.local}
            error={fieldError('dueAt')}
          />
        </DialogBody>
      </form>
      <DialogFooter>
        {student.extended && (
          <form onSubmit={back.submit}>
            <Button type="submit" look="quiet" busy={back.busy}>
              {t('assignmentPage.extendBack')}
            </Button>
          </form>
        )}
        <Button type="submit" form="extension" look="primary" busy={busy}>
          {t('assignmentPage.extend')}
        </Button>
      </DialogFooter>
    </>
  )
}
