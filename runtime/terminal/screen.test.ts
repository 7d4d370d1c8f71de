import { describe, expect, it } from 'vitest'
import type { TerminalSize } from '../../protocol/api/index.js'
import { stateOf } from '../testing/terminal-state.js'
import { drawScreen, feed, freshTerminal, type TerminalEvent } from './screen.js'
import { partialCharacter } from './sequence.js'

const size = { cols: 40, rows: 10 }

/** The state of a terminal that saw everything. */
async function sawAll(happened: readonly TerminalEvent[], first: TerminalSize = size): Promise<object> {
  const terminal = await freshTerminal(first)
  for (const one of happened) {
    if (one instanceof Uint8Array) await feed(terminal, one)
    else terminal.resize(one.cols, one.rows)
  }
  return stateOf(terminal)
}

/** The state of one that came when `before` had happened. */
async function cameLater(before: readonly TerminalEvent[], after: Uint8Array, at: TerminalSize = size) {
  return sawAll([await drawScreen(size, before), after], at)
}

const programs: Record<string, string> = {
  'a shell':
    '\x1b[?2004h\x1b]0;user@box: ~\x07\x1b[01;32muser@box\x1b[00m:\x1b[01;34m~\x1b[00m$ ls\r\n\x1b[?2004l\r\x1b[0m\x1b[01;34mdir\x1b[0m  file\r\n\x1b[?2004h$ ',
  'an editor':
    'before\r\n\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\x1b[?2004h\x1b[1;10r\x1b[?12h\x1b[?12l\x1b[27m\x1b[m\x1b[H\x1b[2J\x1b[?25l\x1b[10;1H"file" 3L\x1b[1;1Hone\r\ntwo\r\n\x1b[94m~\x1b[m\x1b[38;5;130m 1 \x1b[m\x1b[1;3H\x1b[?25h\x1b[?1000h\x1b[?1006h\x1b[4 q',
  'a pager':
    '\x1b[?1049h\x1b[?1h\x1b=\r\x1b[K\x1b[7m(END)\x1b[27m\x1b[K\x1b[H\x1bMtop line\x1b[5;9r\x1b[9;1H\n',
  'full colour':
    '\x1b[38;2;1;2;3;48;2;250;251;252mrgb\x1b[4:3m\x1b[58;5;9mcurly\x1b[0m\x1b[1;3;4;9;53mmany\x1b[48;5;17m   \x1b[K\r\nnext\x1b[m',
  'wide and joined characters': `漢字かな 한글 é e\u0301 😀 👩‍👩‍👧‍👦 🇨🇭 ✔️ 1️⃣ ｗｉｄｅ\r\n${'字'.repeat(25)}`,
  'a line that is exactly full': `${'x'.repeat(40)}y\x1b[A${'z'.repeat(39)}`,
  'pending wrap': 'x'.repeat(40),
  'saved cursor and status line': 'one\r\ntwo\x1b7\x1b[10;1H\x1b[7mstatus\x1b[m\x1b[1;9r\x1b8three\x1b7',
  'origin mode': '\x1b[3;8r\x1b[?6h\x1b[2;2Hinside\r\n',
  'line drawing': '\x1b(0lqqk\x1b(B\r\n\x1b(0x  x',
  links:
    'see \x1b]8;;https://example.org/a\x1b\\here\x1b]8;;\x1b\\ and \x1b[1m\x1b]8;id=x;https://example.org/b\x07bold that wraps over the end of the row\x1b[m plain\r\n  still\x1b]8;;\x07 no\r\n\x1b]8;;http://c\x07open',
  scrollback: Array.from({ length: 60 }, (_, i) => `\x1b[3${i % 8}mline ${i}\x1b[m\r\n`).join(''),
}

describe('a screen', () => {
  it.each(Object.entries(programs))('drawn at any byte leads to the same state: %s', async (_, text) => {
    const bytes = Buffer.from(`${text}\x1b8after\r\n`)
    const whole = await sawAll([bytes])
    const step = bytes.length > 600 ? 37 : 1
    for (let cut = 0; cut <= bytes.length; cut += step) {
      if (partialCharacter(bytes.subarray(0, cut)) > 0) continue
      const later = await cameLater([bytes.subarray(0, cut)], bytes.subarray(cut))
      expect(later, `cut at ${cut}, after ${JSON.stringify(bytes.subarray(0, cut).toString())}`).toEqual(
        whole,
      )
    }
  })

  it('follows changes of size', async () => {
    const wide = { cols: 60, rows: 12 }
    const before = [Buffer.from(programs.scrollback ?? ''), wide, Buffer.from('x'.repeat(100))]
    const after = Buffer.from('\r\nafter')
    expect(await cameLater(before, after, wide)).toEqual(await sawAll([...before, after]))
  })

  it('of a screen is the same screen', async () => {
    for (const text of Object.values(programs)) {
      const once = await drawScreen(size, [Buffer.from(text)])
      expect(await sawAll([await drawScreen(size, [once])])).toEqual(await sawAll([once]))
    }
  })

  it('does not take the time that absurd counts ask for', async () => {
    const absurd = ['L', 'M', 'S', 'T', '@', 'P', 'b', 'X', 'I', 'Z', 'A', 'B', 'C', 'E', 'G', 'd', 'J', 'K']
    const bytes = absurd.map((final) => `a\x1b[2147483647${final}`).join('')
    expect(Buffer.from(await drawScreen(size, [Buffer.from(bytes)])).toString()).toContain('a')
  })
})
