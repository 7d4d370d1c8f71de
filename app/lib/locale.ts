/** The languages of the interface: what the person chose, or else what their browser asks for. */
export const locales = ['en', 'zh-CN'] as const
export type Locale = (typeof locales)[number]
export const localeCookie = 'cloche-locale'

/** Each in its own words, so that whoever opened the wrong one finds the way back. */
export const localeNames: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' }

export function parseLocale(text: string | undefined): Locale | undefined {
  return locales.find((locale) => locale === text)
}

/**
 * The first language of an `Accept-Language` header that there is; English without one. Every Chinese is answered with
 * 简体中文.
 */
export function negotiateLocale(acceptLanguage: string | null): Locale {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const { language } of wanted) {
    if (language === 'zh') return 'zh-CN'
    if (language === 'en') return 'en'
  }
  return 'en'
}

/** `zh-TW;q=0.8` is the language `zh` with quality 0.8. */
function parseRange(range: string): { language: string; quality: number } {
  const [tag = '', ...parameters] = range.trim().toLowerCase().split(';')
  const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean)
  return { language: tag.split('-')[0] ?? '', quality: quality === undefined ? 1 : Number(quality) }
}

/** Keeps the choice in a cookie, by which the server renders the next page. */
export function storeLocale(locale: Locale): void {
  // biome-ignore lint/suspicious/noDocumentCookie: Safari and Firefox learnt cookieStore only lately
  document.cookie = `${localeCookie}=${locale}; Path=/; Max-Age=31536000; SameSite=Lax`
}
