import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiError } from '../errors.js'
import { problemFor } from '../http/problem.js'

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

const page = (title: string, detail: string, link?: { readonly url: string; readonly text: string }) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8bf}}</style>
<h1>${escapeHtml(title)}</h1><p>${escapeHtml(detail)}</p>${link === undefined ? '' : `<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.text)}</a></p>`}`

/** Answers with what went wrong: a page for a person, a problem (RFC 9457) for a program. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: ApiError,
  link?: { readonly url: string; readonly text: string },
): void {
  // Its answer has begun: that it breaks off is all that can still be said.
  if (response.headersSent) return void response.destroy()
  const problem = problemFor(error)
  const html = wantsPage(request)
  response.writeHead(error.status, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/problem+json',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(error.retryAfterSeconds === undefined
      ? {}
      : { 'retry-after': String(Math.ceil(error.retryAfterSeconds)) }),
  })
  response.end(html ? page(problem.title, problem.detail, link) : JSON.stringify(problem))
}
