import { ShieldCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Notice } from '../ui/notice'
import { Tip } from '../ui/tip'

const marks = {
  code: (text: ReactNode) => <code>{text}</code>,
  em: (text: ReactNode) => <em>{text}</em>,
}

/** Where hardened isolation is chosen: what differs in such a sandbox. docs/explanation/security.md says why. */
export function HardenedNotice() {
  const t = useTranslations()
  return (
    <Notice tone="info">
      {t('sandbox.inHardened')}
      <ul className="mt-1 grid list-disc gap-0.5 pl-4">
        <li>{t.rich('sandbox.hardenedRoot', marks)}</li>
        <li>{t.rich('sandbox.hardenedTty', { code: marks.code })}</li>
        <li>{t('sandbox.hardenedSlow')}</li>
      </ul>
    </Notice>
  )
}

/** Where a hardened sandbox is shown. */
export function HardenedBadge() {
  const t = useTranslations()
  const summary = t('sandbox.hardenedSummary')
  return (
    <Tip text={summary}>
      <span className="relative inline-flex shrink-0 items-center gap-1 text-muted text-xs" title={summary}>
        <ShieldCheck aria-hidden className="size-3.5" />
        {t('sandbox.hardened')}
      </span>
    </Tip>
  )
}
