/** Light, dark, or what the device says. A cookie, so that the server draws the page right at once, with no script. */
export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const themeCookie = 'cloche-theme'

export function parseTheme(text: string | undefined): Theme {
  return themes.find((theme) => theme === text) ?? 'system'
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  // biome-ignore lint/suspicious/noDocumentCookie: Safari and Firefox learnt cookieStore only lately
  document.cookie = `${themeCookie}=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`
}

/** Calls back when the page turns dark or light, by the person or by the device. */
export function onDarkness(listener: (dark: boolean) => void): () => void {
  const device = window.matchMedia('(prefers-color-scheme: dark)')
  const tell = () => listener(isDark())
  const observer = new MutationObserver(tell)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  device.addEventListener('change', tell)
  return () => {
    observer.disconnect()
    device.removeEventListener('change', tell)
  }
}

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme
  if (chosen === 'dark' || chosen === 'light') return chosen === 'dark'
  return window.matchMedia('(prefers-color-scheme: dark)').matches
}
