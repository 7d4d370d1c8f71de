/** Files that are shown as something else than their text. */
export type ViewerKind = 'image' | 'pdf' | 'markdown' | 'table' | 'notebook'

export interface Viewer {
  readonly kind: ViewerKind
  /** What its bytes are, for the browser. */
  readonly type: string
}

const text = 'text/plain'
const byEnding = new Map<string, Viewer>(
  Object.entries({
    png: { kind: 'image', type: 'image/png' },
    jpg: { kind: 'image', type: 'image/jpeg' },
    jpeg: { kind: 'image', type: 'image/jpeg' },
    gif: { kind: 'image', type: 'image/gif' },
    webp: { kind: 'image', type: 'image/webp' },
    avif: { kind: 'image', type: 'image/avif' },
    bmp: { kind: 'image', type: 'image/bmp' },
    ico: { kind: 'image', type: 'image/x-icon' },
    svg: { kind: 'image', type: 'image/svg+xml' },
    pdf: { kind: 'pdf', type: 'application/pdf' },
    md: { kind: 'markdown', type: text },
    markdown: { kind: 'markdown', type: text },
    csv: { kind: 'table', type: text },
    tsv: { kind: 'table', type: text },
    ipynb: { kind: 'notebook', type: text },
  }),
)

/** How a file is shown, by the ending of its name; null for what is only text. */
export function viewerOf(name: string): Viewer | null {
  return byEnding.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) ?? null
}
