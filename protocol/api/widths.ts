import { doubleWidth, zeroWidth } from './width-table.js'

/** What emulators of xterm.js ask for the width of a character: the form of its `IUnicodeVersionProvider`. */
export interface WidthProvider {
  readonly version: string
  wcwidth(codepoint: number): 0 | 1 | 2
  charProperties(codepoint: number, preceding: number): number
}

/** Nearly all text is below; a table of all planes would take a megabyte of every page. */
const tableEnd = 0x20000

/**
 * Columns of each character as `wcwidth` of the sandbox's C library counts them. Shells and editors place the cursor
 * by it, so the page and the process host must draw by it: with any other table, newer or not, a line that holds a
 * character on which the two differ is drawn over itself.
 *
 * A character of no width joins the one before. Sequences such as an emoji family take the columns of their parts,
 * as in xterm and VTE, since programs count them so.
 */
export function widthProvider(): WidthProvider {
  const table = new Uint8Array(tableEnd).fill(1)
  const beyond: (readonly [from: number, to: number, width: 0 | 2])[] = []
  for (const [ranges, width] of [
    [zeroWidth, 0],
    [doubleWidth, 2],
  ] as const) {
    for (const range of ranges.split(/\s+/).filter(Boolean)) {
      const [from = 0, to = from] = range.split('-').map((text) => Number.parseInt(text, 16))
      table.fill(width, from, to + 1)
      if (to >= tableEnd) beyond.push([from, to, width])
    }
  }
  table.fill(0, 0, 0x20)
  const wcwidth = (codepoint: number): 0 | 1 | 2 => {
    if (codepoint >= tableEnd) {
      return beyond.find(([from, to]) => from <= codepoint && codepoint <= to)?.[2] ?? 1
    }
    const width = table[codepoint]
    return width === 0 || width === 2 ? width : 1
  }
  return {
    version: 'glibc',
    wcwidth,
    charProperties: (codepoint, preceding) => {
      const width = wcwidth(codepoint)
      // Behind a sequence xterm.js knows of no character before, and a mark would move the cursor if it did not join.
      return width === 0 ? (preceding & 6) | 1 : width << 1
    },
  }
}
