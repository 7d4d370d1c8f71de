'use client'

import { useCallback } from 'react'
import { useTranslations } from 'use-intl'
import { explain } from './text-error'

/** `explain` in the language of the page. */
export function useExplain(): (error: unknown) => string {
  const t = useTranslations()
  return useCallback((error) => explain(error, t), [t])
}
