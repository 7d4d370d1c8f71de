'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Sandbox, UpdateSandbox } from '../../lib/protocol'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { useSandboxActions } from './actions'
import { IdleChoice, idleDraft, idlePolicyOf } from './idle-choice'
import { NetworkChoice, networkDraft, parseNetwork } from './network-choice'
import { RestartChoice } from './restart-choice'
import { initialSize, SizeChoice, sizeLimits } from './size-choice'

/** Name, limits and network of a sandbox, changed while it runs. */
export function ChangeDialog({ sandbox, onClose }: { sandbox: Sandbox | null; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open={sandbox !== null}
      onOpenChange={(open) => !open && onClose()}
      title={t('sandbox.editIt')}
      wide
    >
      {sandbox && <ChangeForm sandbox={sandbox} onClose={onClose} />}
    </Dialog>
  )
}

function ChangeForm({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const t = useTranslations()
  const { change } = useSandboxActions()
  const [size, setSize] = useState(() => initialSize(sandbox.limits, t('sandbox.current')))
  const [network, setNetwork] = useState(() => networkDraft(sandbox.network))
  const [idle, setIdle] = useState(() => idleDraft(sandbox.idle))
  const [restart, setRestart] = useState(sandbox.restart)
  const limits = sizeLimits(size)
  const policy = parseNetwork(network)
  const valid = limits !== null && !(typeof policy === 'object' && 'error' in policy)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    const wanted: UpdateSandbox = {}
    if (name !== sandbox.name) wanted.name = name
    if (limits && limits !== sandbox.limits) wanted.limits = limits
    if (typeof policy === 'string' || 'allow' in policy) wanted.network = policy
    if (restart !== sandbox.restart) wanted.restart = restart
    if (idle !== idleDraft(sandbox.idle)) wanted.idle = idlePolicyOf(idle)
    await change(sandbox, wanted)
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('sandbox.name')}
          name="name"
          defaultValue={sandbox.name}
          required
          maxLength={64}
          autoFocus
          autoComplete="off"
          error={fieldError('name')}
        />
        <SizeChoice draft={size} onChange={setSize} fieldError={fieldError} />
        <NetworkChoice draft={network} onChange={setNetwork} />
        <IdleChoice draft={idle} onChange={setIdle} />
        <RestartChoice draft={restart} onChange={setRestart} />
      </DialogBody>
      <DialogFooter>
        <p className="min-w-0 flex-1 basis-52 text-muted text-xs">{t('sandbox.appliesNow')}</p>
        <Button type="submit" look="primary" busy={busy} disabled={!valid}>
          {t('sandbox.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
