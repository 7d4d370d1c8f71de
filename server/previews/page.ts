import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiError } from '../errors.js'
import { languageOf } from '../http/language.js'
import { problemFor } from '../http/problem.js'
import { type Language, languageTags } from '../http/problem-titles.js'

/** Whether a person looks at the answer: a page that is opened, not what it loads. */
export function wantsPage({ method, headers }: IncomingMessage): boolean {
  const mode = headers['sec-fetch-mode']
  return (
    method === 'GET' &&
    (headers.accept ?? '').includes('text/html') &&
    (mode === undefined || mode === 'navigate')
  )
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** What a page offers instead. */
interface Link {
  readonly url: string
  readonly text: Readonly<Record<Language, string>>
}

/** @param detail in English, whatever the language of the page */
const page = (language: Language, title: string, detail: string, link?: Link) =>
  `<!doctype html><html lang="${languageTags[language]}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8bf}}</style>
<h1>${escapeHtml(title)}</h1><p lang="en">${escapeHtml(detail)}</p>${link === undefined ? '' : `<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.text[language])}</a></p>`}`

/** Answers with what went wrong: a page for a person, a problem (RFC 9457) for a program. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: ApiError,
  link?: Link,
): void {
  // Its answer has begun: that it breaks off is all that can still be said.
  if (response.headersSent) return void response.destroy()
  const language = languageOf(request.headers)
  const problem = problemFor(error, language)
  const html = wantsPage(request)
  response.writeHead(error.status, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/problem+json',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
    'content-language': languageTags[language],
    vary: 'Accept-Language',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(error.retryAfterSeconds === undefined
      ? {}
      : { 'retry-after': String(Math.ceil(error.retryAfterSeconds)) }),
  })
  response.end(html ? page(language, problem.title, problem.detail, link) : JSON.stringify(problem))
}
