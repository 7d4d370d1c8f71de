'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { ClassDescription, ClassStudent } from '../../../lib/protocol-classes'
import { text, useSubmit } from '../../../lib/use-submit'

/** Adds a student to a class, or changes what it knows of one. */
export function StudentForm({
  of,
  student,
  onDone,
  onRemove,
}: {
  of: ClassDescription
  student: ClassStudent | null
  onDone: () => void
  onRemove: (student: ClassStudent) => void
}) {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const [number, email] = [text(form, 'number').trim(), text(form, 'email').trim()]
    const parts = { section: text(form, 'section') || null, group: text(form, 'group') || null }
    const path = `/classes/${of.id}/students`
    const name = text(form, 'name')
    if (student === null) {
      const body = { name, ...(number && { number }), ...(email && { email }), ...parts }
      await order(path, { method: 'POST', body })
    } else {
      await order(`${path}/${student.id}`, {
        ...{ method: 'PATCH', body: { name, number: number || null, ...parts } },
      })
    }
    onDone()
  })
  const choices = (parts: ClassDescription['sections']) => [
    <option key="" value="">
      {t('classes.moveNone')}
    </option>,
    ...parts.map(({ id, name }) => (
      <option key={id} value={id}>
        {oneLine(name)}
      </option>
    )),
  ]
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('classes.name')}
          name="name"
          required
          maxLength={64}
          defaultValue={student?.name}
          error={fieldError('name')}
        />
        {student === null && (
          <Field
            label={t('classes.email')}
            hint={t('classes.emailHint')}
            name="email"
            type="email"
            maxLength={254}
            error={fieldError('email')}
          />
        )}
        <Field
          label={t('classes.number')}
          hint={t('classes.numberHint')}
          name="number"
          maxLength={64}
          defaultValue={student?.number ?? ''}
          error={fieldError('number')}
        />
        <div className="grid grid-cols-2 gap-3">
          <SelectField label={t('classes.section')} name="section" defaultValue={student?.section ?? ''}>
            {choices(of.sections)}
          </SelectField>
          <SelectField label={t('classes.group')} name="group" defaultValue={student?.group ?? ''}>
            {choices(of.groups)}
          </SelectField>
        </div>
      </DialogBody>
      <DialogFooter>
        {student !== null && (
          <Button type="button" look="quiet" onClick={() => onRemove(student)}>
            {t('classes.removeStudent')}
          </Button>
        )}
        <Button type="submit" look="primary" busy={busy}>
          {t(student === null ? 'classes.addStudent' : 'classes.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
