import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { Toasts } from './components/ui/toast'
import './globals.css'
import { DataProvider } from './lib/data'
import { parseTheme, themeCookie } from './lib/theme'
import { Messages } from './messages/provider'
import { requestMessages } from './messages/server'

export async function generateMetadata(): Promise<Metadata> {
  const { messages } = await requestMessages()
  return {
    title: { default: 'Cloche', template: '%s · Cloche' },
    description: messages.pages.description,
    robots: { index: false },
    referrer: 'same-origin',
  }
}

export const viewport: Viewport = {
  colorScheme: 'light dark',
  // The keyboard of a phone makes the page smaller, so that a prompt is never behind it.
  interactiveWidget: 'resizes-content',
}

/** Reading a cookie also makes every page dynamic, which the nonce of the content security policy needs. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = parseTheme((await cookies()).get(themeCookie)?.value)
  const { locale, messages } = await requestMessages()
  return (
    <html lang={locale} data-theme={theme}>
      <body>
        <Messages locale={locale} messages={messages}>
          <DataProvider>
            <Toasts>{children}</Toasts>
          </DataProvider>
        </Messages>
      </body>
    </html>
  )
}
