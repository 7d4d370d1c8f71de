import type { MetadataRoute } from 'next'
import { requestMessages } from './messages/server'

/** What a browser needs to offer Cloche as an app of its own. */
export default async function manifest(): Promise<MetadataRoute.Manifest> {
  const { locale, messages } = await requestMessages()
  return {
    name: 'Cloche',
    short_name: 'Cloche',
    description: messages.pages.shortDescription,
    lang: locale,
    start_url: '/sandboxes',
    display: 'standalone',
    background_color: '#f7f9f8',
    theme_color: '#0d6b4b',
    icons: [
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
      { src: '/apple-icon.png', sizes: '180x180', type: 'image/png', purpose: 'maskable' },
    ],
  }
}
