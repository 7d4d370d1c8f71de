'use client'

import type { Sandbox } from '../../lib/protocol'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { useSandboxActions } from './actions'

export function RenameDialog({ sandbox, onClose }: { sandbox: Sandbox | null; onClose: () => void }) {
  return (
    <Dialog open={sandbox !== null} onOpenChange={(open) => !open && onClose()} title="Rename sandbox">
      {sandbox && <Rename sandbox={sandbox} onClose={onClose} />}
    </Dialog>
  )
}

function Rename({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const { rename } = useSandboxActions()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await rename(sandbox, text(form, 'name'))
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label="Name"
          name="name"
          defaultValue={sandbox.name}
          required
          maxLength={64}
          error={fieldError('name')}
          onFocus={(event) => event.currentTarget.select()}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          Rename
        </Button>
      </DialogFooter>
    </form>
  )
}
