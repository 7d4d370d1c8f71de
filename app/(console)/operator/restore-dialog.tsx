'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import type { QuarantineEntry } from '../../lib/protocol-operator'
import { text, useSubmit } from '../../lib/use-submit'

interface RestoreProps {
  readonly onClose: () => void
  readonly onDone: () => void
}

/** Restores a sandbox from quarantine, and asks for what its record does not tell. */
export function RestoreDialog({
  entry,
  ...props
}: RestoreProps & { readonly entry: QuarantineEntry | null }) {
  const t = useTranslations()
  return (
    <Dialog
      open={entry !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title={t('operator.restoreSandbox')}
      description={t('operator.restoreText')}
    >
      {entry && <RestoreForm entry={entry} {...props} />}
    </Dialog>
  )
}

function RestoreForm({ entry, onClose, onDone }: RestoreProps & { readonly entry: QuarantineEntry }) {
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const given = { sandboxId: text(form, 'sandboxId'), tenantId: text(form, 'tenantId') }
    const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
    await order(`/admin/quarantine/${entry.id}/restore`, { method: 'POST', body })
    toast.done(t('operator.restored'))
    onDone()
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('operator.sandboxId')}
          name="sandboxId"
          defaultValue={entry.sandboxId ?? ''}
          readOnly={entry.sandboxId !== null}
          required
          hint={entry.sandboxId === null ? t('operator.sandboxIdHint') : undefined}
          error={fieldError('sandboxId')}
        />
        <Field
          label={t('operator.tenantId')}
          name="tenantId"
          hint={t('operator.tenantIdHint')}
          error={fieldError('tenantId')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('operator.restoreSandbox')}
        </Button>
      </DialogFooter>
    </form>
  )
}
