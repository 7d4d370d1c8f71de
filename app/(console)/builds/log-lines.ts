import type { IBuffer, IBufferCell } from '@xterm/headless'
import type { CSSProperties } from 'react'
import { palette } from '../../terminal/themes'

/** Characters of one look beside each other. */
export interface Span {
  readonly text: string
  readonly style: CSSProperties | undefined
}

/** A line as it was printed: one that was too wide for the terminal is whole again. */
export interface LogLine {
  readonly spans: readonly Span[]
  /** Equal for lines that look the same. */
  readonly key: string
}

const names = [
  ...(['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const),
  ...(['brightBlack', 'brightRed', 'brightGreen', 'brightYellow'] as const),
  ...(['brightBlue', 'brightMagenta', 'brightCyan', 'brightWhite'] as const),
]

/** As `#rrggbb`, on a light page and on a dark one. */
interface Color {
  readonly light: string
  readonly dark: string
}

const [light, dark] = [palette('light', false), palette('dark', true)]
const named = names.map((name): Color => ({ light: light[name] ?? '', dark: dark[name] ?? '' }))
const front: Color = { light: light.foreground ?? '', dark: dark.foreground ?? '' }

/** What a terminal shows, as text with looks. */
export function linesOf(buffer: IBuffer): LogLine[] {
  const lines: Span[][] = []
  const cell = buffer.getNullCell()
  for (let at = 0; at < buffer.length; at++) {
    const row = buffer.getLine(at)
    if (row === undefined) continue
    const spans = row.isWrapped ? (lines.at(-1) ?? []) : []
    if (!row.isWrapped) lines.push(spans)
    let look = ''
    let text = ''
    let style: CSSProperties | undefined
    const goesOn = buffer.getLine(at + 1)?.isWrapped === true
    const end = () => {
      if (text !== '') spans.push({ text, style })
      text = ''
    }
    for (let column = 0; column < row.length; column++) {
      const found = row.getCell(column, cell)
      // The second half of a wide character.
      if (found === undefined || found.getWidth() === 0) continue
      // A wide character had no room here and went to the next row.
      if (goesOn && column === row.length - 1 && found.getChars() === '') continue
      const next = lookOf(found)
      if (next !== look) {
        end()
        look = next
        style = styleOf(found)
      }
      text += found.getChars() || ' '
    }
    if (!goesOn && style?.background === undefined) text = text.trimEnd()
    end()
  }
  while (lines.length > 0 && lines.at(-1)?.every(({ text }) => text.trim() === '')) lines.pop()
  return lines.map((spans) => ({
    spans,
    key: spans
      .map(({ text, style }) => `${style === undefined ? '' : JSON.stringify(style)}${text}`)
      .join('\n'),
  }))
}

const lookOf = (cell: IBufferCell) =>
  cell.isAttributeDefault()
    ? ''
    : [
        ...[cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor()],
        ...[cell.isBold(), cell.isDim(), cell.isItalic(), cell.isUnderline()],
        ...[cell.isStrikethrough(), cell.isInverse(), cell.isInvisible()],
      ].join()

function styleOf(cell: IBufferCell): CSSProperties | undefined {
  if (cell.isAttributeDefault()) return undefined
  const text = cell.isFgDefault() ? undefined : colorOf(cell.isFgRGB(), cell.getFgColor())
  const behind = cell.isBgDefault() ? undefined : colorOf(cell.isBgRGB(), cell.getBgColor())
  const isInverse = cell.isInverse() !== 0
  const background = isInverse ? (text ?? front) : behind
  return {
    ...(background === undefined ? textStyle(text, cell.isDim() !== 0) : onBackground(background)),
    ...(cell.isBold() === 0 ? {} : { fontWeight: 700 }),
    ...(cell.isItalic() === 0 ? {} : { fontStyle: 'italic' }),
    ...(cell.isUnderline() === 0 ? {} : { textDecoration: 'underline' }),
    ...(cell.isStrikethrough() === 0 ? {} : { textDecoration: 'line-through' }),
    ...(cell.isInvisible() === 0 ? {} : { visibility: 'hidden' }),
  }
}

const either = (one: string, other: string) => (one === other ? one : `light-dark(${one}, ${other})`)

function textStyle(color: Color | undefined, isDim: boolean): CSSProperties {
  if (isDim) return { color: 'var(--muted)' }
  if (color === undefined) return {}
  // A colour that knows nothing of light and dark comes closer to the text's.
  const isFree = color.light === color.dark
  return {
    color: isFree ? `color-mix(in oklab, ${color.light} 65%, var(--ink))` : either(color.light, color.dark),
  }
}

/** What stands on a colour is black or white: it has to be read, whatever the program thought. */
const onBackground = ({ light, dark }: Color): CSSProperties => ({
  color: either(readable(light), readable(dark)),
  background: either(light, dark),
})

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function readable(color: string): string {
  const part = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.179 ? '#000000' : '#ffffff'
}

/** @see https://invisible-island.net/xterm/xterm.faq.html (88- and 256-color) */
function colorOf(isRgb: boolean, color: number): Color {
  if (isRgb) return free(color)
  const of16 = named[color]
  if (of16 !== undefined) return of16
  if (color >= 232) return free((8 + (color - 232) * 10) * 0x01_01_01)
  const part = (digit: number) => (digit === 0 ? 0 : 55 + digit * 40)
  const of216 = color - 16
  const [red, green, blue] = [Math.floor(of216 / 36), Math.floor(of216 / 6) % 6, of216 % 6]
  return free((part(red) << 16) | (part(green) << 8) | part(blue))
}

function free(rgb: number): Color {
  const color = `#${rgb.toString(16).padStart(6, '0')}`
  return { light: color, dark: color }
}
