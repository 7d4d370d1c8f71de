'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../../components/ui/dialog'
import { Field, SelectField } from '../../../../components/ui/field'
import { Notice } from '../../../../components/ui/notice'
import { NotUnderstood, transfer } from '../../../../lib/api'
import { type LessonOutcome, lessonOutcome } from '../../../../lib/protocol-lessons'
import { text, useSubmit } from '../../../../lib/use-submit'

interface Props {
  readonly path: string
  /** Empty: all. */
  readonly students: readonly string[]
  readonly onOpenChange: (open: boolean) => void
  readonly onDone: (outcome: LessonOutcome) => void
}

/** Sends a file to the students that are chosen, or to all. */
export function FileDialog({ open, ...props }: Props & { readonly open: boolean }) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={props.onOpenChange}
      title={t('lesson.sendTo', { count: props.students.length })}
      description={t('lesson.fileText')}
    >
      <Form {...props} />
    </Dialog>
  )
}

function Form({ path, students, onOpenChange, onDone }: Props) {
  const t = useTranslations()
  const [file, setFile] = useState<File | null>(null)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const query = new URLSearchParams({
      ...{ path: text(form, 'path'), existing: text(form, 'existing') },
      ...(students.length === 0 ? {} : { students: students.join(',') }),
    })
    const answer = await transfer(`${path}/files?${query}`, {
      ...{ method: 'PUT', body: file, headers: { 'content-type': 'application/octet-stream' } },
    })
    const outcome = lessonOutcome.safeParse(await answer.json())
    if (!outcome.success) throw new NotUnderstood(outcome.error)
    onOpenChange(false)
    onDone(outcome.data)
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('lesson.content')}
          type="file"
          required
          className="py-1"
          onChange={({ target: { files } }) => setFile(files?.[0] ?? null)}
        />
        <Field
          key={file?.name}
          label={t('lesson.path')}
          name="path"
          required
          maxLength={1024}
          autoComplete="off"
          defaultValue={file?.name ?? ''}
          error={fieldError('path')}
        />
        <SelectField label={t('lesson.existing')} name="existing">
          <option value="keep">{t('lesson.keep')}</option>
          <option value="replace">{t('lesson.replace')}</option>
        </SelectField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('lesson.send')}
        </Button>
      </DialogFooter>
    </form>
  )
}
