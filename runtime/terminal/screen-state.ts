import type { Terminal } from '@xterm/headless'
import { linkOf, withoutLink } from './hyperlinks.js'

/** No honest program scrolls, inserts or repeats more; xterm.js would do each of 2³¹ one by one. */
const largestCount = 10_000
/** Colours that a program has set, at most: 256 of the palette and some of the terminal itself. */
const maxColours = 300

/** Has a terminal pass over what would be endless work. */
export function boundCounts({ parser }: Terminal): void {
  for (const final of ['b', 'L', 'M', 'S', 'T', '@', 'P', 'I', 'Z']) {
    parser.registerCsiHandler({ final }, (params) => Number(params[0] ?? 0) > largestCount)
  }
}

const mouseModes = { none: '', x10: '9', vt200: '1000', drag: '1002', any: '1003' } as const

/**
 * Follows what a screen's text does not show: modes, scroll region, saved cursor, character sets and colours.
 * Where xterm.js tells a program that asks (DECRQM, DECRQSS), it is asked.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
export function watchHidden(terminal: Terminal): { restore(): Promise<string> } {
  const saved = { normal: unsaved, alternate: unsaved }
  const sets = { g0: '', g1: '' }
  const colours = new Map<string, string>()
  const { parser } = terminal
  boundCounts(terminal)
  const save = () => {
    const { type, cursorX, cursorY } = terminal.buffer.active
    saved[type] = { position: `\x1b[${cursorY + 1};${cursorX + 1}H`, ...sets }
    return false
  }
  const restore = () => {
    const { g0, g1 } = saved[terminal.buffer.active.type]
    Object.assign(sets, { g0, g1 })
    return false
  }
  parser.registerEscHandler({ final: '7' }, save)
  parser.registerCsiHandler({ final: 's' }, save)
  parser.registerEscHandler({ final: '8' }, restore)
  parser.registerCsiHandler({ final: 'u' }, restore)
  for (const final of ['0', 'A', 'B']) {
    for (const [intermediates, set] of [
      ['(', 'g0'],
      [')', 'g1'],
    ] as const) {
      parser.registerEscHandler({ intermediates, final }, () => {
        sets[set] = final === 'B' ? '' : `\x1b${intermediates}${final}`
        return false
      })
    }
  }
  for (const code of [4, 10, 11, 12]) {
    parser.registerOscHandler(code, (text) => {
      if (text.length < 100 && !text.includes('?') && colours.size < maxColours) {
        colours.set(`${code};${code === 4 ? text.split(';')[0] : ''}`, `\x1b]${code};${text}\x1b\\`)
      }
      return false
    })
    parser.registerOscHandler(100 + code, () => {
      for (const key of colours.keys()) if (key.startsWith(`${code};`)) colours.delete(key)
      return false
    })
  }
  const reset = () => {
    Object.assign(saved, { normal: unsaved, alternate: unsaved })
    Object.assign(sets, { g0: '', g1: '' })
    return false
  }
  parser.registerEscHandler({ final: 'c' }, reset)
  parser.registerCsiHandler({ intermediates: '!', final: 'p' }, reset)
  return {
    restore: async () => {
      const { cursorX, cursorY, type } = terminal.buffer.active
      const origin = terminal.modes.originMode
      const shown = modes(terminal)
      const { region, top, modes: asked } = await ask(terminal)
      const save = saved[type] === unsaved ? '' : `${saved[type].position}\x1b7`
      const moved = save !== '' || region !== '' || origin
      // Behind the last column the cursor waits for a character to wrap, and nothing but printing brings it there.
      const stays = cursorX === terminal.cols && !moved
      const position = stays ? '' : `\x1b[${cursorY + 1 - (origin ? top : 0)};${cursorX + 1}H`
      const order = [save, region, origin ? '\x1b[?6h' : '', position, await penOf(terminal)]
      return [...colours.values(), ...order, sets.g0, sets.g1, shown, asked].join('')
    },
  }
}

/** What a cursor is restored to that was never saved. */
const unsaved = { position: '', g0: '', g1: '' }

/** What a cell's colour mode may be in xterm.js, which numbers them so. */
const colourMode = { palette16: 0x1000000, palette256: 0x2000000, rgb: 0x3000000 } as const

/** How the next character would look: one is printed, in a terminal that nobody needs any more. */
async function penOf(terminal: Terminal): Promise<string> {
  await new Promise<void>((resolve) => terminal.write('\x1b[?6l\x1b[HX', resolve))
  const { active } = terminal.buffer
  const cell = active.getLine(active.baseY)?.getCell(0)
  if (cell === undefined || cell.isAttributeDefault()) return ''
  const link = linkOf(terminal, cell)
  withoutLink(cell)
  const flags = [
    [cell.isBold(), 1],
    [cell.isDim(), 2],
    [cell.isItalic(), 3],
    [cell.isUnderline(), 4],
    [cell.isBlink(), 5],
    [cell.isInverse(), 7],
    [cell.isInvisible(), 8],
    [cell.isStrikethrough(), 9],
    [cell.isOverline(), 53],
  ] as const
  const sgr: (string | number)[] = flags.filter(([on]) => on).map(([, code]) => code)
  const colour = (first: number, mode: number, value: number) => {
    if (mode === colourMode.rgb)
      sgr.push(`${first + 8};2;${value >> 16};${(value >> 8) & 255};${value & 255}`)
    else if (mode === colourMode.palette256) sgr.push(`${first + 8};5;${value}`)
    else if (mode === colourMode.palette16) sgr.push(value < 8 ? first + value : first + 60 + value - 8)
  }
  colour(30, cell.getFgColorMode(), cell.getFgColor())
  colour(40, cell.getBgColorMode(), cell.getBgColor())
  return `\x1b[${sgr.join(';')}m${link}`
}

/** The modes that the terminal's own interface tells. */
function modes(terminal: Terminal): string {
  const { modes } = terminal
  const set = (on: boolean, sequence: string) => (on ? sequence : '')
  const mouse = mouseModes[modes.mouseTrackingMode]
  return [
    set(modes.applicationCursorKeysMode, '\x1b[?1h'),
    set(modes.applicationKeypadMode, '\x1b='),
    set(modes.bracketedPasteMode, '\x1b[?2004h'),
    set(modes.insertMode, '\x1b[4h'),
    set(modes.reverseWraparoundMode, '\x1b[?45h'),
    set(modes.sendFocusMode, '\x1b[?1004h'),
    set(!modes.wraparoundMode, '\x1b[?7l'),
    set(mouse !== '', `\x1b[?${mouse}h`),
  ].join('')
}

/** What only a program that asks is told. */
async function ask(terminal: Terminal): Promise<{ modes: string; region: string; top: number }> {
  let answer = ''
  const listening = terminal.onData((text) => {
    answer += text
  })
  const questions = '\x1b[?25$p\x1b[?1006$p\x1b[?1016$p\x1bP$q q\x1b\\\x1bP$qr\x1b\\'
  await new Promise<void>((resolve) => terminal.write(questions, resolve))
  listening.dispose()
  const style = /P1\$r(\d) q/.exec(answer)?.[1]
  const region = /P1\$r(\d+);(\d+)r/.exec(answer)
  const whole = region?.[1] === '1' && region[2] === String(terminal.rows)
  return {
    top: Number(region?.[1] ?? 1) - 1,
    region: region === null || whole ? '' : `\x1b[${region[1]};${region[2]}r`,
    modes: [
      answer.includes('?25;2$y') ? '\x1b[?25l' : '',
      answer.includes('?1006;1$y') ? '\x1b[?1006h' : '',
      answer.includes('?1016;1$y') ? '\x1b[?1016h' : '',
      style === undefined || style === '2' ? '' : `\x1b[${style} q`,
    ].join(''),
  }
}
