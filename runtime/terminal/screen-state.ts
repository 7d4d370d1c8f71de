import type { Terminal } from '@xterm/headless'

/** No honest program scrolls, inserts or repeats more; xterm.js would do each of 2³¹ one by one. */
const largestCount = 10_000
/** Colours that a program has set, at most: 256 of the palette and some of the terminal itself. */
const maxColours = 300

const mouseModes = { none: '', x10: '9', vt200: '1000', drag: '1002', any: '1003' } as const

/**
 * Follows what a screen's text does not show: modes, scroll region, saved cursor, character sets and colours.
 * Where xterm.js tells a program that asks (DECRQM, DECRQSS), it is asked.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
export function watchHidden(terminal: Terminal): { restore(): Promise<string> } {
  const saved = { normal: '', alternate: '' }
  const sets = { g0: '', g1: '' }
  const colours = new Map<string, string>()
  const { parser } = terminal
  for (const final of ['b', 'L', 'M', 'S', 'T', '@', 'P']) {
    parser.registerCsiHandler({ final }, (params) => Number(params[0] ?? 0) > largestCount)
  }
  const save = () => {
    const { type, cursorX, cursorY } = terminal.buffer.active
    saved[type] = `\x1b[${cursorY + 1};${cursorX + 1}H\x1b7`
    return false
  }
  parser.registerEscHandler({ final: '7' }, save)
  parser.registerCsiHandler({ final: 's' }, save)
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
    Object.assign(saved, { normal: '', alternate: '' })
    Object.assign(sets, { g0: '', g1: '' })
    return false
  }
  parser.registerEscHandler({ final: 'c' }, reset)
  parser.registerCsiHandler({ intermediates: '!', final: 'p' }, reset)
  return {
    restore: async () => {
      const answers = await ask(terminal)
      const position = restorePosition(terminal, saved[terminal.buffer.active.type], answers.region)
      return [...colours.values(), position, sets.g0, sets.g1, modes(terminal), answers.modes].join('')
    },
  }
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
async function ask(terminal: Terminal): Promise<{ modes: string; region: string }> {
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
    region: region === null || whole ? '' : `\x1b[${region[1]};${region[2]}r`,
    modes: [
      answer.includes('?25;2$y') ? '\x1b[?25l' : '',
      answer.includes('?1006;1$y') ? '\x1b[?1006h' : '',
      answer.includes('?1016;1$y') ? '\x1b[?1016h' : '',
      style === undefined || style === '2' ? '' : `\x1b[${style} q`,
    ].join(''),
  }
}

/** Saved cursor, scroll region and origin mode: each of them moves the cursor, so it is put back last. */
function restorePosition(terminal: Terminal, saved: string, region: string): string {
  const { cursorX, cursorY } = terminal.buffer.active
  const origin = terminal.modes.originMode
  if (saved === '' && region === '' && !origin) return ''
  const top = origin ? Number(/\[(\d+);/.exec(region)?.[1] ?? 1) - 1 : 0
  return `${saved}${region}${origin ? '\x1b[?6h' : ''}\x1b[${cursorY - top + 1};${cursorX + 1}H`
}
