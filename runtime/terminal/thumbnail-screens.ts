import type { Terminal } from '@xterm/headless'
import { type TerminalSize, thumbnailBounds } from '../../protocol/api/index.js'
import { feed, freshTerminal, type TerminalEvent } from './screen.js'
import { boundCounts } from './screen-state.js'

/** What the thread of thumbnails is asked. */
export interface ThumbnailWish {
  readonly id: string
  /** The size that a fresh terminal begins with; null: the one that is there goes on. */
  readonly from: TerminalSize | null
  readonly size: TerminalSize
  readonly happened: readonly TerminalEvent[]
  /** Those that are not asked for any more. */
  readonly forget: readonly string[]
}

/** In the thread of thumbnails: an emulator for each of them, without what has scrolled away. */
export class ThumbnailScreens {
  readonly #terminals = new Map<string, Terminal>()

  /** @returns the lines that are shown, null when there is no terminal to go on with; and how long it took */
  async show({ id, from, size, happened, forget }: ThumbnailWish): Promise<{
    lines: string[] | null
    tookMs: number
  }> {
    const began = performance.now()
    for (const one of forget) this.#forget(one)
    const terminal = from === null ? this.#terminals.get(id) : await this.#open(id, from)
    if (terminal === undefined) return { lines: null, tookMs: 0 }
    for (const one of happened) {
      if (one instanceof Uint8Array) await feed(terminal, one)
      else terminal.resize(one.cols, one.rows)
    }
    if (terminal.cols !== size.cols || terminal.rows !== size.rows) terminal.resize(size.cols, size.rows)
    return { lines: linesOf(terminal), tookMs: performance.now() - began }
  }

  async #open(id: string, size: TerminalSize): Promise<Terminal> {
    this.#forget(id)
    const terminal = await freshTerminal(size, 0)
    boundCounts(terminal)
    this.#terminals.set(id, terminal)
    return terminal
  }

  #forget(id: string): void {
    this.#terminals.get(id)?.dispose()
    this.#terminals.delete(id)
  }
}

/** The lines down to the cursor, or the first where there is room for more; without empty ones at the end. */
function linesOf(terminal: Terminal): string[] {
  const { columns, rows, lineChars } = thumbnailBounds
  const { active } = terminal.buffer
  const first = Math.max(0, Math.min(terminal.rows, active.cursorY + 1) - rows)
  const lines: string[] = []
  for (let y = first; y < Math.min(terminal.rows, first + rows); y++) {
    const line = active.getLine(active.baseY + y)
    lines.push((line?.translateToString(true, 0, columns) ?? '').slice(0, lineChars))
  }
  while (lines.at(-1) === '') lines.pop()
  return lines
}
