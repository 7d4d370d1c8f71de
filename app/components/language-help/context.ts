'use client'

import { createContext, useContext } from 'react'
import type { LanguageHelp } from '../../language-help/language-help'

/** The language servers of the workspace; null outside of one. */
export const LanguageHelpContext = createContext<LanguageHelp | null>(null)

export function useHelp(): LanguageHelp {
  const help = useContext(LanguageHelpContext)
  if (!help) throw new Error('there is no workspace around this')
  return help
}
