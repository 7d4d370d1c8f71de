'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useExplain } from '../../lib/use-explain'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'

/** Asks for the address of a repository, and stays until it is here or says why it is not. */
export function CloneDialog({
  open,
  onClose,
  clone,
}: {
  open: boolean
  onClose: () => void
  /** @returns whether it was done */
  clone: (url: string) => Promise<boolean>
}) {
  const t = useTranslations()
  const explain = useExplain()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const run = async (url: string) => {
    setBusy(true)
    setError(null)
    try {
      if (await clone(url)) onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog open={open} onOpenChange={(is) => !is && !busy && onClose()} title={t('git.clone')}>
      <form
        className="contents"
        onSubmit={(event) => {
          event.preventDefault()
          void run(String(new FormData(event.currentTarget).get('url')).trim())
        }}
      >
        <DialogBody>
          <Field
            label={t('git.cloneUrl')}
            hint={t('git.cloneHint')}
            name="url"
            placeholder="https://"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            required
          />
          {error !== null && <Notice tone="bad">{explain(error)}</Notice>}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose} disabled={busy}>
            {t('common.cancel')}
          </Button>
          <Button look="primary" type="submit" busy={busy}>
            {t('git.cloneAction')}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}
