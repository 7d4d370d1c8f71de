'use client'

import './globals.css'
import PageBroke from './error'

/** The root layout itself broke. */
export default function EverythingBroke(props: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <PageBroke {...props} />
      </body>
    </html>
  )
}
