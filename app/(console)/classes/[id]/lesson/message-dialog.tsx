'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../../components/ui/dialog'
import { AreaField } from '../../../../components/ui/field'
import { Notice } from '../../../../components/ui/notice'
import { order } from '../../../../lib/api'
import { text, useSubmit } from '../../../../lib/use-submit'

interface Props {
  readonly path: string
  /** Empty: all. */
  readonly students: readonly string[]
  readonly onOpenChange: (open: boolean) => void
}

/** Writes to the students that are chosen, or to all. */
export function MessageDialog({ open, ...props }: Props & { readonly open: boolean }) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={props.onOpenChange}
      title={t('lesson.sendTo', { count: props.students.length })}
      description={t('lesson.messageText')}
    >
      <Form {...props} />
    </Dialog>
  )
}

function Form({ path, students, onOpenChange }: Props) {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = { text: text(form, 'text'), ...(students.length === 0 ? {} : { students }) }
    await order(`${path}/messages`, { method: 'POST', body })
    onOpenChange(false)
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <AreaField
          label={t('lesson.text')}
          name="text"
          required
          autoFocus
          rows={4}
          maxLength={2000}
          error={fieldError('text')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('lesson.send')}
        </Button>
      </DialogFooter>
    </form>
  )
}
