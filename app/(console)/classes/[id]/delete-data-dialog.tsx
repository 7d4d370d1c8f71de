'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import { order } from '../../../lib/api'
import { bytes, oneLine } from '../../../lib/format'
import type { ClassStudent } from '../../../lib/protocol-classes'
import { type StudentDataDeletion, studentDataDeletion } from '../../../lib/protocol-student-data'
import { useResource } from '../../../lib/resource'
import { useFormat } from '../../../lib/use-format'
import { text, useSubmit } from '../../../lib/use-submit'

interface Props {
  readonly classId: string
  readonly student: ClassStudent
  readonly onDone: () => void
}

/** Says what deleting the data of a student deletes, and asks for their name before it does. @param student null while it is closed */
export function DeleteDataDialog({
  student,
  onClose,
  ...rest
}: Omit<Props, 'student'> & { student: ClassStudent | null; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open={student !== null}
      onOpenChange={(open) => open || onClose()}
      title={t('studentData.askDelete', { name: oneLine(student?.name ?? '') })}
      description={t('studentData.askDeleteText')}
    >
      {student && <Preview student={student} {...rest} />}
    </Dialog>
  )
}

function Preview(props: Props) {
  const path = `/classes/${props.classId}/students/${props.student.id}/deletion`
  const { data, error, mutate } = useResource(path, studentDataDeletion)
  if (!data) return error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />
  return <Form {...props} path={path} found={data} />
}

function Form({ path, found, student, onDone }: Props & { path: string; found: StudentDataDeletion }) {
  const t = useTranslations()
  const { number } = useFormat()
  const toast = useToast()
  const name = oneLine(student.name)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await order(path, { method: 'POST', body: { confirm: text(form, 'confirm') } })
    toast.done(t('studentData.deleted', { name }))
    onDone()
  })
  const names = (list: readonly { name: string }[]) =>
    list.length === 0 ? number(0) : list.map((one) => oneLine(one.name)).join(t('common.comma'))
  const rows = [
    [t('studentData.work'), number(found.work)],
    [
      t('studentData.submissions'),
      t('studentData.withSize', { count: number(found.submissions), size: bytes(found.submissionBytes) }),
    ],
    [t('studentData.gradings'), number(found.gradings)],
    [t('studentData.grades'), number(found.grades)],
    [t('studentData.exams'), number(found.exams)],
    [t('studentData.examEvents'), number(found.examEvents)],
    [t('studentData.activeDays'), number(found.activeDays)],
    [t('studentData.lessons'), number(found.lessons)],
    [t('studentData.extensions'), number(found.extensions)],
    [t('studentData.sandboxes'), names(found.sandboxes)],
    [t('studentData.snapshots'), names(found.snapshots)],
  ]
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 [&_dt]:text-muted">
          {rows.map(([label, value]) => (
            <div key={label} className="contents">
              <dt>{label}</dt>
              <dd className="tabular min-w-0 break-words">{value}</dd>
            </div>
          ))}
        </dl>
        <p className="text-muted">{t('studentData.stays')}</p>
        <Field
          label={t('studentData.confirm')}
          hint={name}
          name="confirm"
          required
          autoComplete="off"
          error={fieldError('confirm')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="danger" busy={busy}>
          {t('studentData.delete')}
        </Button>
      </DialogFooter>
    </form>
  )
}
