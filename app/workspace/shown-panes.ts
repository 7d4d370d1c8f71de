import { z } from 'zod'
import '../lib/jitless'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'

const key = 'cloche-layout'
const sizesPrefix = 'cloche-panes:'

/** From this width on a first visit shows the files: below, they would leave a terminal too little. */
const filesFromPx = 1024

const side = z.enum(['files', 'git'])
/** What is beside the terminals. */
export type Side = z.infer<typeof side>

const schema = z.object({ files: z.boolean().nullable().catch(null), side: side.catch('files') })

export interface Layout {
  readonly side: Side | null
  /** Where there is no room beside it: the editor covers the terminal. */
  readonly editor: boolean
}

/** Which panes of a workspace are shown, in this browser. */
export class LayoutStore extends Store<Layout> {
  /** What was beside the terminals last. */
  #last: Side

  constructor() {
    const { files, side: last } = schema.parse(read(key) ?? {})
    const shown = !isNarrow() && (files ?? window.innerWidth >= filesFromPx)
    super({ side: shown ? last : null, editor: false })
    this.#last = last
  }

  /** @param side null hides what is there */
  showSide(side: Side | null): void {
    this.set({ ...this.get(), side })
    this.#last = side ?? this.#last
    // On a phone it covers the terminal: the next visit begins with the terminal all the same.
    if (!isNarrow()) write(key, { files: side !== null, side: this.#last })
  }

  /** Where there is no room: hides what covers the terminal, for something else that will. */
  uncover(): void {
    if (isNarrow()) this.set({ side: null, editor: false })
  }

  showEditor(editor: boolean): void {
    this.set({ side: isNarrow() ? null : this.get().side, editor })
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
