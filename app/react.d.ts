import 'react'

declare module 'react' {
  /** Custom properties, which stylesheets read. */
  interface CSSProperties {
    [name: `--${string}`]: string | undefined
  }

  /** Every browser has it, and no version of HTML: a whole folder is chosen. */
  interface InputHTMLAttributes<T> {
    webkitdirectory?: '' | undefined
  }
}
