'use client'

import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Logo } from '../components/logo'
import { LanguageSelect } from '../components/shell/language-select'
import { Button } from '../components/ui/button'
import { signInPath } from '../lib/next'

/** What stands around a page for whoever is not signed in. */
export function GuestFrame({ children }: { children: ReactNode }) {
  const t = useTranslations()
  const pathname = usePathname()
  return (
    <>
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t('shell.skip')}
      </a>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-3 border-line border-b bg-ground px-4 sm:px-6">
        <div className="flex-1">
          <Logo />
        </div>
        <LanguageSelect />
        <Button asChild>
          <Link href={signInPath(pathname)}>{t('pages.signIn')}</Link>
        </Button>
      </header>
      <main id="main" tabIndex={-1} className="px-4 py-5 outline-none sm:px-6 lg:py-7">
        <div className="mx-auto max-w-6xl">{children}</div>
      </main>
    </>
  )
}
