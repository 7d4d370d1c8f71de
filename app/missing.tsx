'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Mark } from './components/logo'
import { Button } from './components/ui/button'

/** Says that there is no page at this address. */
export function Missing() {
  const t = useTranslations()
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <Mark className="size-10" />
      <h1 className="font-semibold text-xl">{t('errors.notFound')}</h1>
      <p className="max-w-sm text-balance text-muted">{t('errors.notFoundText')}</p>
      <Button asChild look="primary">
        <Link href="/sandboxes">{t('errors.goToSandboxes')}</Link>
      </Button>
    </main>
  )
}
