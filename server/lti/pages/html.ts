import { randomBytes } from 'node:crypto'
import { type Language, languageTags } from '../../http/problem-titles.js'

/** HTML that was put together here, of texts that are escaped. */
export class Html {
  constructor(readonly text: string) {}
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** Puts texts into HTML; every value that is no `Html` itself is escaped. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[])[]
): Html {
  const written = values.map((value) =>
    typeof value === 'string'
      ? escaped(value)
      : value instanceof Html
        ? value.text
        : value.map((one) => one.text).join(''),
  )
  return new Html(parts.reduce((all, part, at) => `${all}${written[at - 1] ?? ''}${part}`))
}

/** A page of a launch, as it is sent. */
export interface Page {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:8vh auto;padding:0 1rem;color:#111;background:#fff}
h1{font-size:1.4rem}label{display:block;margin:.4rem 0}fieldset{border:0;padding:0;margin:1rem 0}
input[type=text]{font:inherit;padding:.3rem .5rem;width:100%;box-sizing:border-box}
button{font:inherit;padding:.5rem 1rem;border:1px solid #15803d;border-radius:.4rem;background:#15803d;color:#fff;cursor:pointer}
button:focus-visible,input:focus-visible{outline:2px solid #2563eb;outline-offset:2px}.quiet{opacity:.8;font-size:.9rem}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}`

interface PageParts {
  readonly language: Language
  readonly title: string
  readonly body: Html
  /** Origins of pages that may have it in a frame, each as a source of a content security policy; null: any. */
  readonly frames: readonly string[] | null
  readonly status?: number
  /** Origins beside our own that its form goes to. */
  readonly sendsTo?: readonly string[]
  /** What runs when it is there. It is ours, and has no values of anybody in it. */
  readonly script?: string
}

/** Everything that a page of a launch may load is in it. */
export function pageOf(parts: PageParts): Page {
  const { language, title, body, frames, status = 200, sendsTo = [], script = '' } = parts
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    ...(script === '' ? [] : [`script-src 'nonce-${nonce}'`]),
    ["form-action 'self'", ...sendsTo].join(' '),
    "base-uri 'none'",
    frames === null ? 'frame-ancestors *' : ["frame-ancestors 'self'", ...frames].join(' '),
  ].join('; ')
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'content-language': languageTags[language],
      vary: 'Accept-Language',
      'cache-control': 'no-store',
    },
    body: html`<!doctype html><html lang="${languageTags[language]}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${new Html(style)}</style><main><h1>${title}</h1>${body}</main>${
      script === '' ? '' : new Html(`<script nonce="${nonce}">${script}</script>`)
    }`.text,
  }
}
