import type { Metadata } from 'next'
import { cookies, headers } from 'next/headers'
import { type Locale, localeCookie, negotiateLocale, parseLocale } from '../lib/locale'
import { en } from './en'
import type { Catalogue } from './texts'
import { zh } from './zh'

const catalogues: Record<Locale, Catalogue> = { en, 'zh-CN': zh }

/** The language of the page that is being rendered, and its texts. Only on the server: a browser gets one catalogue. */
export async function requestMessages(): Promise<{ locale: Locale; messages: Catalogue }> {
  const chosen = parseLocale((await cookies()).get(localeCookie)?.value)
  const locale = chosen ?? negotiateLocale((await headers()).get('accept-language'))
  return { locale, messages: catalogues[locale] }
}

/** The `generateMetadata` of a page that has its name in the catalogue. */
export function titled(page: keyof Catalogue['pages']): () => Promise<Metadata> {
  return async () => ({ title: (await requestMessages()).messages.pages[page] })
}
