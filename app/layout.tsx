import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { Toasts } from './components/ui/toast'
import './globals.css'
import { DataProvider } from './lib/data'
import { parseTheme, themeCookie } from './lib/theme'

export const metadata: Metadata = {
  title: { default: 'Cloche', template: '%s · Cloche' },
  description: 'Isolated Linux sandboxes in the browser, ready in milliseconds',
  robots: { index: false },
  referrer: 'same-origin',
}

export const viewport: Viewport = {
  colorScheme: 'light dark',
  // The keyboard of a phone makes the page smaller, so that a prompt is never behind it.
  interactiveWidget: 'resizes-content',
}

/** Reading a cookie also makes every page dynamic, which the nonce of the content security policy needs. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = parseTheme((await cookies()).get(themeCookie)?.value)
  return (
    <html lang="en" data-theme={theme}>
      <body>
        <DataProvider>
          <Toasts>{children}</Toasts>
        </DataProvider>
      </body>
    </html>
  )
}
