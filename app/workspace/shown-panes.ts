import { z } from 'zod'
import '../lib/jitless'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'

const key = 'cloche-layout'
const sizesPrefix = 'cloche-panes:'

/** From this width on a first visit shows the files: below, they would leave a terminal too little. */
const filesFromPx = 1024

const schema = z.object({ files: z.boolean().nullable().catch(null) })

export interface Layout {
  readonly files: boolean
  /** Where there is no room beside it: the editor covers the terminal. */
  readonly editor: boolean
}

/** Which panes of a workspace are shown, in this browser. */
export class LayoutStore extends Store<Layout> {
  constructor() {
    const { files } = schema.parse(read(key) ?? {})
    super({ files: !isNarrow() && (files ?? window.innerWidth >= filesFromPx), editor: false })
  }

  showFiles(files: boolean): void {
    this.set({ ...this.get(), files })
    // On a phone they cover the terminal: the next visit begins with the terminal all the same.
    if (!isNarrow()) write(key, { files })
  }

  showEditor(editor: boolean): void {
    this.set({ files: this.get().files && !isNarrow(), editor })
  }
}

/** Sizes of panes, which `react-resizable-panels` stores as text. */
export const paneStorage = {
  getItem: (name: string): string | null => {
    const stored = read(sizesPrefix + name)
    return typeof stored === 'string' ? stored : null
  },
  setItem: (name: string, value: string): void => write(sizesPrefix + name, value),
}

const narrow = '(max-width: 47.999rem)'

/** Too narrow for panes beside each other. */
export function isNarrow(): boolean {
  return window.matchMedia(narrow).matches
}

export function onNarrow(listener: () => void): () => void {
  const query = window.matchMedia(narrow)
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}
