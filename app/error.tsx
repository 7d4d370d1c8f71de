'use client'

import { useTranslations } from 'use-intl'
import { Mark } from './components/logo'
import { Button } from './components/ui/button'

/** A page broke. Nothing that runs in a sandbox is touched by it. */
export default function PageBroke({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  const t = useTranslations()
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <title>{`${t('errors.wrong')} · Cloche`}</title>
      <Mark className="size-10" />
      <h1 className="font-semibold text-xl">{t('errors.wrong')}</h1>
      <p className="max-w-sm text-muted">
        {error.digest
          ? t('errors.contactOperatorDigest', { digest: error.digest })
          : t('errors.contactOperator')}
      </p>
      <div className="flex gap-2">
        <Button look="primary" onClick={reset}>
          {t('errors.tryAgain')}
        </Button>
        <Button asChild>
          <a href="/sandboxes">{t('errors.goToSandboxes')}</a>
        </Button>
      </div>
    </main>
  )
}
