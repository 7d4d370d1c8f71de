import type { IBuffer, IBufferCell, Terminal } from '@xterm/headless'

/** Addresses that browsers open are shorter. */
const longestAddress = 2048
/** A screen that is made of links alone could otherwise repeat their addresses for each of its cells. */
const mostBytes = 256 * 1024
/** The bit of a cell's `bg` by which xterm.js marks that its `extended` is its own. */
const hasExtended = 0x10000000

export const noLink = '\x1b]8;;\x1b\\'

/** The sequence (OSC 8) that begins the link which a cell belongs to; empty for one that belongs to none. */
export function linkOf(terminal: Terminal, cell: IBufferCell): string {
  const id = numberOf(fieldOf(fieldOf(cell, 'extended'), 'urlId'))
  if (id === 0 || (numberOf(fieldOf(cell, 'bg')) & hasExtended) === 0) return ''
  const links = fieldOf(fieldOf(terminal, '_core'), '_oscLinkService')
  const getLinkData = fieldOf(links, 'getLinkData')
  const found: unknown = typeof getLinkData === 'function' ? getLinkData.call(links, id) : undefined
  const [uri, name] = [fieldOf(found, 'uri'), fieldOf(found, 'id')]
  if (typeof uri !== 'string' || uri.length > longestAddress) return ''
  return `\x1b]8;${typeof name === 'string' && name.length < longestAddress ? `id=${name}` : ''};${uri}\x1b\\`
}

/** Takes the link, and the underline that xterm.js adds to links, from a copy of a cell. */
export function withoutLink<Cell extends IBufferCell | undefined>(cell: Cell): Cell {
  const extended = fieldOf(cell, 'extended')
  const clone = fieldOf(extended, 'clone')
  if (cell === undefined || fieldOf(extended, 'urlId') === 0 || typeof clone !== 'function') return cell
  const copy = clone.call(extended)
  Reflect.set(copy, 'urlId', 0)
  Reflect.set(cell, 'extended', copy)
  return cell
}

/**
 * The same terminal for `@xterm/addon-serialize`, which knows of no links: the first character of each link comes with
 * the sequence that begins it, and the first one after it with the one that ends it.
 */
export function withLinks(terminal: Terminal): { terminal: Terminal; found: boolean } {
  const budget = { bytes: mostBytes, found: false }
  const marked = (buffer: IBuffer): IBuffer => {
    const marks = marksOf(terminal, buffer, budget)
    if (marks.size === 0) return buffer
    const getLine = (y: number) => {
      const line = buffer.getLine(y)
      const ofLine = marks.get(y)
      if (line === undefined || ofLine === undefined) return line
      const getCell = (x: number, into?: IBufferCell) => {
        const cell = withoutLink(line.getCell(x, into))
        const mark = ofLine.get(x)
        if (cell === undefined || mark === undefined) return cell
        return Object.create(cell, { getChars: { value: () => mark + cell.getChars() } })
      }
      return Object.create(line, { getCell: { value: getCell } })
    }
    return Object.create(buffer, { getLine: { value: getLine } })
  }
  const normal = marked(terminal.buffer.normal)
  const alternate = marked(terminal.buffer.alternate)
  const active = terminal.buffer.active.type === 'normal' ? normal : alternate
  const buffer = { normal: { value: normal }, alternate: { value: alternate }, active: { value: active } }
  return {
    terminal: Object.create(terminal, { buffer: { value: Object.create(terminal.buffer, buffer) } }),
    found: budget.found,
  }
}

/** What to write before which characters, by line and column. */
function marksOf(
  terminal: Terminal,
  buffer: IBuffer,
  budget: { bytes: number; found: boolean },
): Map<number, Map<number, string>> {
  const marks = new Map<number, Map<number, string>>()
  let open = ''
  const into = buffer.getNullCell()
  for (let y = 0; y < buffer.length; y++) {
    const line = buffer.getLine(y)
    for (let x = 0; line !== undefined && x < line.length; x++) {
      const cell = line.getCell(x, into)
      if (cell === undefined || cell.getWidth() === 0 || cell.getChars() === '') continue
      let link = linkOf(terminal, cell)
      if (link === open) continue
      if (link.length > budget.bytes) link = ''
      budget.bytes -= link.length
      budget.found = true
      const ofLine = marks.get(y) ?? new Map<number, string>()
      marks.set(y, ofLine.set(x, link || noLink))
      open = link
    }
  }
  return marks
}

/** xterm.js tells nobody what link a cell belongs to: these are fields of its own. */
function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
