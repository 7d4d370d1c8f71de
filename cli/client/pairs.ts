import { UsageError } from '../command.js'

/** `NAME=TEXT` words as a record. @throws UsageError */
export function pairs(flag: string, words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      if (at < 1) throw new UsageError(`--${flag} must be NAME=TEXT, not ${word}`)
      return [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}
