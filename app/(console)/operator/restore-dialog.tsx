'use client'

import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import type { QuarantineEntry } from '../../lib/protocol'
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
  return (
    <Dialog
      open={entry !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title="Restore sandbox"
      description="The sandbox gets its disk back and is stopped. Its owner can start it."
    >
      {entry && <RestoreForm entry={entry} {...props} />}
    </Dialog>
  )
}

function RestoreForm({ entry, onClose, onDone }: RestoreProps & { readonly entry: QuarantineEntry }) {
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const given = { sandboxId: text(form, 'sandboxId'), tenantId: text(form, 'tenantId') }
    const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
    await order(`/admin/quarantine/${entry.id}/restore`, { method: 'POST', body })
    toast.done('The sandbox was restored. It is stopped.')
    onDone()
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label="Sandbox ID"
          name="sandboxId"
          defaultValue={entry.sandboxId ?? ''}
          readOnly={entry.sandboxId !== null}
          required
          hint={
            entry.sandboxId === null
              ? 'The record does not tell which sandbox this disk belongs to'
              : undefined
          }
          error={fieldError('sandboxId')}
        />
        <Field
          label="Tenant ID"
          name="tenantId"
          hint="Only if the database does not know the sandbox or its tenant; otherwise leave blank"
          error={fieldError('tenantId')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          Restore sandbox
        </Button>
      </DialogFooter>
    </form>
  )
}
