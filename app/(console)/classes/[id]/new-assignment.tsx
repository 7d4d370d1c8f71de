'use client'

import { useRouter } from 'next/navigation'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { call } from '../../../lib/api'
import { assignment } from '../../../lib/protocol-assignments'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { text, useSubmit } from '../../../lib/use-submit'

/** Makes a draft, and goes to its page for everything else. */
export function NewAssignmentDialog({
  of,
  open,
  onOpenChange,
}: {
  of: ClassDescription
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t('assignments.new')}
      description={t('assignments.newText')}
    >
      <Form of={of} />
    </Dialog>
  )
}

function Form({ of }: { of: ClassDescription }) {
  const t = useTranslations()
  const router = useRouter()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const due = text(form, 'dueAt')
    const body = { title: text(form, 'title'), ...(due === '' ? {} : { dueAt: due }) }
    const made = await call(assignment, `/classes/${of.id}/assignments`, { method: 'POST', body })
    router.push(`/assignments/${made.id}`)
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('assignmentPage.title')}
          name="title"
          required
          autoFocus
          maxLength={120}
          autoComplete="off"
          error={fieldError('title')}
        />
        <Field
          label={t('assignments.due')}
          hint={t('assignments.dueHint', { timeZone: of.timeZone })}
          name="dueAt"
          type="datetime-local"
          max="2999-12-31T23:59"
          error={fieldError('dueAt')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('assignments.create')}
        </Button>
      </DialogFooter>
    </form>
  )
}
