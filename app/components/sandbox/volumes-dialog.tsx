'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import { volumeList } from '../../lib/protocol-volumes'
import { useResource } from '../../lib/resource'
import { useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Notice } from '../ui/notice'
import { useToast } from '../ui/toast'
import { useSandboxActions } from './actions'
import { type MountDraft, VolumeChoice } from './volume-choice'

/** Which volumes a sandbox has, and where: changed while it is stopped. */
export function VolumesDialog({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('volumes.ofSandbox', { name: oneLine(sandbox.name) })}
      wide
    >
      <Form sandbox={sandbox} onClose={onClose} />
    </Dialog>
  )
}

function Form({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const { change } = useSandboxActions()
  const { data } = useResource('/volumes?limit=200', volumeList)
  const [drafts, setDrafts] = useState<readonly MountDraft[]>(() =>
    sandbox.volumes.map((mount, at) => ({ key: at + 1, ...mount })),
  )
  const isStopped = sandbox.state === 'stopped'
  const { submit, busy, error, fieldError } = useSubmit(async () => {
    await change(sandbox, { volumes: drafts.map(({ key: _, ...mount }) => mount) })
    toast.done(t('volumes.mountsChanged', { name: oneLine(sandbox.name) }))
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {!isStopped && <Notice tone="warn">{t('volumes.stopFirst')}</Notice>}
        {data?.items.length === 0 && <p className="text-muted">{t('volumes.noneToMount')}</p>}
        <fieldset disabled={!isStopped} className="contents">
          <VolumeChoice drafts={drafts} onChange={setDrafts} fieldError={fieldError} />
        </fieldset>
      </DialogBody>
      <DialogFooter>
        <p className="min-w-0 flex-1 basis-52 text-muted text-xs">{t('volumes.mountsHint')}</p>
        <Button type="submit" look="primary" busy={busy} disabled={!isStopped || !data}>
          {t('volumes.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
