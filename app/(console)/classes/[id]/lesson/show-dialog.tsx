import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Button } from '../../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../../components/ui/dialog'
import { SelectField } from '../../../../components/ui/field'
import { Notice } from '../../../../components/ui/notice'
import { call } from '../../../../lib/api'
import { oneLine } from '../../../../lib/format'
import { sandboxList, terminal } from '../../../../lib/protocol'
import { lessonBroadcast } from '../../../../lib/protocol-lessons'
import { useResource } from '../../../../lib/resource'
import { text, useSubmit } from '../../../../lib/use-submit'

interface Props {
  /** Of the lesson. */
  readonly path: string
  readonly onOpenChange: (open: boolean) => void
  readonly onDone: () => void
}

const terminalList = z.object({ terminals: z.array(terminal) })

/** Chooses the terminal that all students of a lesson may watch. */
export function ShowDialog({ open, ...props }: Props & { readonly open: boolean }) {
  const t = useTranslations()
  return (
    <Dialog
      open={open}
      onOpenChange={props.onOpenChange}
      title={t('lesson.show')}
      description={t('lesson.showText')}
    >
      <Form {...props} />
    </Dialog>
  )
}

function Form({ path, onOpenChange, onDone }: Props) {
  const t = useTranslations()
  const [chosen, setChosen] = useState('')
  const { data } = useResource('/sandboxes?limit=100', sandboxList)
  const own = data?.items.filter(({ state, ownerId }) => state === 'running' && ownerId === null)
  const sandbox = own?.find(({ id }) => id === chosen)?.id ?? own?.[0]?.id
  const of = useResource(sandbox === undefined ? null : `/sandboxes/${sandbox}/terminals`, terminalList)
  const live = sandbox === undefined ? [] : of.data?.terminals.filter(({ exit }) => exit === null)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = { sandbox: text(form, 'sandbox'), terminal: text(form, 'terminal') }
    await call(lessonBroadcast, `${path}/broadcast`, { method: 'PUT', body })
    onOpenChange(false)
    onDone()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {own !== undefined && live?.length === 0 && <Notice tone="info">{t('lesson.showNothing')}</Notice>}
        <SelectField
          label={t('lesson.sandbox')}
          name="sandbox"
          required
          value={sandbox ?? ''}
          onChange={({ target: { value } }) => setChosen(value)}
          error={fieldError('sandbox')}
        >
          {own?.map(({ id, name }) => (
            <option key={id} value={id}>
              {oneLine(name)}
            </option>
          ))}
        </SelectField>
        <SelectField label={t('lesson.terminal')} name="terminal" required error={fieldError('terminal')}>
          {live?.map(({ id, title }, at) => (
            <option key={id} value={id}>
              {`${at + 1} · ${oneLine(title, 60)}`}
            </option>
          ))}
        </SelectField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy} disabled={!live || live.length === 0}>
          {t('lesson.show')}
        </Button>
      </DialogFooter>
    </form>
  )
}
