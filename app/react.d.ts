import 'react'

declare module 'react' {
  /** Custom properties, which stylesheets read. */
  interface CSSProperties {
    [name: `--${string}`]: string | undefined
  }
}
