'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Notice } from '../../components/ui/notice'
import { Secret } from '../../components/ui/secret'

/** What deliveries are signed with, the one time that it is told. */
export function SecretDialog({ secret, onClose }: { secret: string | null; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog open={secret !== null} onOpenChange={(open) => !open && onClose()} title={t('webhooks.secret')}>
      <DialogBody>
        <Notice tone="warn">{t('webhooks.copyNow')}</Notice>
        <Secret label={t('webhooks.secret')} value={secret ?? ''} />
      </DialogBody>
      <DialogFooter>
        <CopyButton text={secret ?? ''} what={t('webhooks.theSecret')} />
        <Button look="primary" onClick={onClose}>
          {t('webhooks.done')}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
