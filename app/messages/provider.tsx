'use client'

import type { ReactNode } from 'react'
import { IntlProvider } from 'use-intl'
import type { Locale } from '../lib/locale'
import type { en } from './en'
import type { Catalogue } from './texts'

/** Gives the texts of one language to everything below. */
export function Messages({
  locale,
  messages,
  children,
}: {
  locale: Locale
  messages: Catalogue
  children: ReactNode
}) {
  return (
    // `use-intl` knows the keys and arguments from the English texts; the others have the same.
    <IntlProvider locale={locale} messages={messages as typeof en}>
      {children}
    </IntlProvider>
  )
}
