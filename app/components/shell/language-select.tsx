'use client'

import { Languages } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { parseLocale } from '../../lib/locale'
import { languageOptions, useLanguage } from './use-language'

/** Changes the language where there is no menu, such as before signing in. */
export function LanguageSelect() {
  const t = useTranslations()
  const [language, setLanguage] = useLanguage()
  return (
    <label className="flex items-center gap-2 text-muted">
      <Languages aria-hidden className="size-4" />
      <span className="sr-only">{t('common.language')}</span>
      <select
        value={language}
        onChange={(event) => {
          const chosen = parseLocale(event.currentTarget.value)
          if (chosen) setLanguage(chosen)
        }}
        className="h-8 rounded-md bg-transparent pointer-coarse:h-10"
      >
        {languageOptions.map(({ value, name }) => (
          <option key={value} value={value} lang={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
