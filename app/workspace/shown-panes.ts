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

const schema = z.object({
  ...{ files: z.boolean().nullable().catch(null), side: side.catch('files') },
  assignment: z.boolean().catch(true),
})

export interface Layout {
  readonly side: Side | null
  /** Where there is no room beside it: the editor covers the terminal. */
  readonly editor: boolean
  /** What to do, in a sandbox that was made for an assignment. */
  readonly assignment: boolean
}

/** Which panes of a workspace are shown, in this browser. */
export class LayoutStore extends Store<Layout> {
  /** What was beside the terminals last. */
  #last: Side

  constructor() {
    const { files, side: last, assignment } = schema.parse(read(key) ?? {})
    const shown = !isNarrow() && (files ?? window.innerWidth >= filesFromPx)
    super({ side: shown ? last : null, editor: false, assignment: assignment && !isNarrow() })
    this.#last = last
  }

  /** @param side null hides what is there */
  showSide(side: Side | null): void {
    this.set({ ...this.get(), side, ...(isNarrow() ? { assignment: false } : {}) })
    this.#last = side ?? this.#last
    // On a phone it covers the terminal: the next visit begins with the terminal all the same.
    if (!isNarrow()) this.#keep()
  }

  /** Where there is no room it covers the terminal, as what is beside the terminals does. */
  showAssignment(assignment: boolean): void {
    if (isNarrow()) this.set({ side: null, editor: false, assignment })
    else {
      this.set({ ...this.get(), assignment })
      this.#keep()
    }
  }

  /** Where there is no room: hides what covers the terminal, for something else that will. */
  uncover(): void {
    if (isNarrow()) this.set({ side: null, editor: false, assignment: false })
  }

  showEditor(editor: boolean): void {
    const { side, assignment } = this.get()
    this.set(isNarrow() ? { side: null, editor, assignment: false } : { side, editor, assignment })
  }

  #keep(): void {
    const { side, assignment } = this.get()
    write(key, { files: side !== null, side: this.#last, assignment })
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
