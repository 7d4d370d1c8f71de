import type { IncomingHttpHeaders } from 'node:http'
import Negotiator from 'negotiator'
import { type Language, languages } from './problem-titles.js'

/**
 * The language that a caller prefers of those there are: the default when it names none of them. Every kind of Chinese
 * is answered in the one there is, which its readers understand better than English.
 *
 * @see RFC 9110, 12.5.4
 */
export function languageOf(headers: IncomingHttpHeaders): Language {
  const accepted = new Negotiator({ headers }).language([...languages])
  return languages.find((one) => one === accepted) ?? languages[0]
}
