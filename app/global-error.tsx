'use client'

import './globals.css'
import { useEffect, useState } from 'react'
import { IntlProvider } from 'use-intl'
import PageBroke from './error'
import { type Locale, localeCookie, negotiateLocale, parseLocale } from './lib/locale'
import { errors as english } from './messages/en/errors'
import { errors as chinese } from './messages/zh/errors'

const texts = { en: english, 'zh-CN': chinese } as const

/** The root layout itself broke, and with it what gives texts to pages: the few of this one are always here. */
export default function EverythingBroke(props: { error: Error & { digest?: string }; reset: () => void }) {
  const [locale, setLocale] = useState<Locale>('en')
  useEffect(() => setLocale(browserLocale()), [])
  return (
    <html lang={locale}>
      <body>
        <IntlProvider locale={locale} messages={{ errors: texts[locale] as typeof english }}>
          <PageBroke {...props} />
        </IntlProvider>
      </body>
    </html>
  )
}

function browserLocale(): Locale {
  const cookies = document.cookie.split('; ').map((one) => one.split('='))
  const chosen = parseLocale(cookies.find(([name]) => name === localeCookie)?.[1])
  return chosen ?? negotiateLocale(navigator.languages.join(','))
}
