'use client'

import { Download } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { bytes } from '../../lib/format'
import type { Submission } from '../../lib/protocol-submissions'
import { useFormat } from '../../lib/use-format'
import { ClassTime } from '../assignments/class-time'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Late } from './late'

/** What a student is told when something was handed in. @param of null while it is closed */
export function ReceiptDialog({ of, onClose }: { of: Submission | null; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open={of !== null}
      onOpenChange={(open) => open || onClose()}
      title={t('handIns.received')}
      description={t('handIns.receivedText')}
    >
      {of && (
        <>
          <DialogBody>
            <ReceiptFacts of={of} />
          </DialogBody>
          <DialogFooter>
            <SaveReceipt of={of} />
            <Button look="primary" onClick={onClose}>
              {t('common.close')}
            </Button>
          </DialogFooter>
        </>
      )}
    </Dialog>
  )
}

/** Number, time and digest of a hand-in: what its receipt proves. */
export function ReceiptFacts({ of }: { of: Submission }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 [&_dt]:text-muted">
      <dt>{t('handIns.number')}</dt>
      <dd className="tabular">{number(of.number)}</dd>
      <dt>{t('handIns.time')}</dt>
      <dd>
        <ClassTime time={of.at} />
        {of.late && (
          <span className="block">
            <Late late={of.late} />
          </span>
        )}
      </dd>
      <dt>{t('handIns.content')}</dt>
      <dd className="tabular">{t('handIns.files', { count: of.fileCount, size: bytes(of.bytes) })}</dd>
      <dt>{t('handIns.digest')}</dt>
      <dd className="break-all font-mono text-xs leading-5">{of.digest}</dd>
    </dl>
  )
}

/** The sealed receipt as a file. */
export function SaveReceipt({ of, small = false }: { of: Submission; small?: boolean }) {
  const t = useTranslations()
  return (
    <Button asChild {...(small ? { size: 'small' } : {})}>
      <a href={`/api/v1/submissions/${of.id}/receipt`} download={`receipt-${of.number}-${of.id}.json`}>
        <Download aria-hidden />
        {t('handIns.saveReceipt')}
      </a>
    </Button>
  )
}
