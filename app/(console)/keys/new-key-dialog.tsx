'use client'

import { useState } from 'react'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Secret } from '../../components/ui/secret'
import { call } from '../../lib/api'
import { apiKeyCreated } from '../../lib/protocol'
import { text, useSubmit } from '../../lib/use-submit'

export function NewKeyDialog({
  open,
  onOpenChange,
  onCreated,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onCreated: () => void
}) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New API key">
      <NewKey onCreated={onCreated} onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function NewKey({ onCreated, onDone }: { onCreated: () => void; onDone: () => void }) {
  const [made, setMade] = useState<z.infer<typeof apiKeyCreated>>()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const days = Number(text(form, 'days'))
    const body = { name: text(form, 'name'), ...(days ? { expiresInDays: days } : {}) }
    setMade(await call(apiKeyCreated, '/keys', { method: 'POST', body }))
    onCreated()
  })
  if (made) {
    return (
      <>
        <DialogBody>
          <Notice tone="warn">Copy the key now. It is not stored and will not be shown again.</Notice>
          <Secret label="Key" value={made.key} />
        </DialogBody>
        <DialogFooter>
          <CopyButton text={made.key} what="the key" />
          <Button look="primary" onClick={onDone}>
            Done
          </Button>
        </DialogFooter>
      </>
    )
  }
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label="Name"
          name="name"
          required
          maxLength={64}
          placeholder="For example: CI pipeline"
          error={fieldError('name')}
        />
        <SelectField label="Expires after" name="days" defaultValue="90" error={fieldError('expiresInDays')}>
          <option value="7">7 days</option>
          <option value="30">30 days</option>
          <option value="90">90 days</option>
          <option value="365">1 year</option>
          <option value="">No expiry</option>
        </SelectField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          Create key
        </Button>
      </DialogFooter>
    </form>
  )
}
