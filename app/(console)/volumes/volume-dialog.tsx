'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Volume, volume } from '../../lib/protocol-volumes'
import { text, useSubmit } from '../../lib/use-submit'

interface Props {
  readonly about: Volume | 'new'
  readonly onClose: () => void
  readonly onDone: () => void
}

/** Name and size of a volume, new or as it is. @param about null while it is closed */
export function VolumeDialog({ about, ...rest }: Omit<Props, 'about'> & { about: Volume | 'new' | null }) {
  const t = useTranslations()
  return (
    <Dialog
      open={about !== null}
      onOpenChange={(open) => !open && rest.onClose()}
      title={t(about === 'new' ? 'volumes.newVolume' : 'volumes.editVolume')}
    >
      {about && <Form about={about} {...rest} />}
    </Dialog>
  )
}

function Form({ about, onClose, onDone }: Props) {
  const t = useTranslations()
  const toast = useToast()
  const before = about === 'new' ? undefined : about
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = { name: text(form, 'name').trim(), sizeMiB: Number(text(form, 'size')) }
    const path = before === undefined ? '/volumes' : `/volumes/${before.id}`
    const { name } = await call(volume, path, { method: before === undefined ? 'POST' : 'PATCH', body })
    toast.done(t(before === undefined ? 'volumes.created' : 'volumes.changed', { name: oneLine(name) }))
    onDone()
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('volumes.name')}
          name="name"
          defaultValue={before?.name}
          required
          autoFocus
          maxLength={64}
          autoComplete="off"
          error={fieldError('name')}
        />
        <Field
          label={t('volumes.size')}
          name="size"
          type="number"
          inputMode="numeric"
          min={16}
          step={1}
          required
          defaultValue={before?.sizeMiB ?? 1024}
          hint={t(before === undefined ? 'volumes.sizeHint' : 'volumes.resizeHint')}
          error={fieldError('sizeMiB')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t(before === undefined ? 'volumes.create' : 'volumes.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
