'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import { order } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { AssignmentSummary } from '../../../lib/protocol-assignments'
import { type ClassDescription, type ClassSummary, classList } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { text, useSubmit } from '../../../lib/use-submit'

/** An assignment, and whether a copy of it is made or it goes elsewhere itself. */
export interface Organised {
  readonly how: 'duplicate' | 'move'
  readonly one: AssignmentSummary
}

interface Props {
  readonly of: ClassDescription
  readonly organised: Organised
  readonly onDone: () => void
}

/** Asks for the class that a copy, or the assignment itself, goes to. @param organised null while it is closed */
export function OrganiseDialog({
  organised,
  onClose,
  ...rest
}: Omit<Props, 'organised'> & { organised: Organised | null; onClose: () => void }) {
  const t = useTranslations()
  const how = organised?.how ?? 'move'
  return (
    <Dialog
      open={organised !== null}
      onOpenChange={(open) => open || onClose()}
      title={t(`assignments.${how}Title`, { name: oneLine(organised?.one.title ?? '', 120) })}
      description={t(`assignments.${how}Text`)}
    >
      {organised && <Loader organised={organised} {...rest} />}
    </Dialog>
  )
}

function Loader(props: Props) {
  const { data, error, mutate } = useResource('/classes?limit=200', classList)
  if (!data) return error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />
  const { of, organised } = props
  const classes = data.items.filter(
    ({ id, role, archived }) =>
      (role === 'admin' || role === 'teacher') &&
      !archived &&
      (id !== of.id || organised.how === 'duplicate'),
  )
  return <Form {...props} classes={classes} />
}

function Form({
  of,
  organised: { how, one },
  classes,
  onDone,
}: Props & { classes: readonly Pick<ClassSummary, 'id' | 'name'>[] }) {
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const to = text(form, 'class')
    const title = text(form, 'title')
    const body = how === 'move' ? { class: to } : { class: to, title }
    await order(`/assignments/${one.id}/${how}`, { method: 'POST', body })
    const name = oneLine(classes.find(({ id }) => id === to)?.name ?? '')
    toast.done(t(`assignments.${how}Done`, { name }))
    onDone()
  })
  if (classes.length === 0) {
    return (
      <DialogBody>
        <Notice tone="info">{t('assignments.noOtherClass')}</Notice>
      </DialogBody>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {how === 'duplicate' && (
          <Field
            label={t('assignmentPage.title')}
            name="title"
            required
            maxLength={120}
            autoFocus
            defaultValue={t('assignments.copyOf', { name: one.title }).slice(0, 120)}
            error={fieldError('title')}
          />
        )}
        <SelectField label={t('assignments.class')} name="class" defaultValue={of.id}>
          {classes.map(({ id, name }) => (
            <option key={id} value={id}>
              {oneLine(name)}
            </option>
          ))}
        </SelectField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t(`assignments.${how}`)}
        </Button>
      </DialogFooter>
    </form>
  )
}
