'use client'

import { useRouter } from 'next/navigation'
import { useLocale } from 'use-intl'
import { type Locale, localeNames, locales, storeLocale } from '../../lib/locale'

export const languageOptions = locales.map((value) => ({ value, name: localeNames[value] }))

/** The language of the page, and what changes it: the server renders the page again, and what runs on it stays. */
export function useLanguage(): readonly [Locale, (locale: Locale) => void] {
  const router = useRouter()
  return [
    useLocale(),
    (chosen) => {
      storeLocale(chosen)
      router.refresh()
    },
  ]
}
