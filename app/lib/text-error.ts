import type { TextKey, Translate } from '../messages/texts'

/** An error with a text of the catalogue, for code that does not know the language of the page. */
export class TextError extends Error {
  readonly text: TextKey
  readonly values: Readonly<Record<string, string>>

  constructor(text: TextKey, values: Readonly<Record<string, string>> = {}, options?: ErrorOptions) {
    super(text, options)
    this.name = 'TextError'
    this.text = text
    this.values = values
  }
}

/** What to say of an error to a person: its text, or what the server wrote about it. */
export function explain(error: unknown, t: Translate): string {
  if (error instanceof TextError) {
    // Its key is known only while the page runs, and with it the values that the text takes.
    const translate = t as (key: TextKey, values: Readonly<Record<string, string>>) => string
    return translate(error.text, error.values)
  }
  return error instanceof Error ? error.message : t('common.wrong')
}
