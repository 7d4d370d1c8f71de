import createPurifier from 'dompurify'

const purifier = createPurifier(window)

purifier.addHook('uponSanitizeAttribute', (_node, event) => {
  // The classes of highlighted code are CodeMirror's; those of the page could lay something over it.
  if (event.attrName === 'class') event.keepAttr = /^(?:ͼ\w+\s*)+$/.test(event.attrValue)
})
purifier.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer')
})

const inline = ['a', 'b', 'br', 'code', 'del', 'em', 'i', 'kbd', 's', 'small', 'span', 'strong', 'sub', 'sup']
const blocks = ['blockquote', 'dd', 'div', 'dl', 'dt', 'hr', 'li', 'ol', 'p', 'pre', 'ul']
const tables = ['table', 'tbody', 'td', 'th', 'thead', 'tr']
const headings = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']

/** What a language server wrote to be read: programs of a sandbox say what they like, and the page shows it. */
export function sanitizeHtml(html: string): string {
  return purifier.sanitize(html.slice(0, 100_000), {
    ALLOWED_TAGS: [...inline, ...blocks, ...tables, ...headings],
    ALLOWED_ATTR: ['href', 'class'],
    ALLOWED_URI_REGEXP: /^https?:/i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  })
}
