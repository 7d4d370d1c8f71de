import { describe, expect, it } from 'vitest'
import { elide } from './elide.js'
import { drawScreen } from './screen.js'

const size = { cols: 80, rows: 24 }
const drawn = async (bytes: Uint8Array) => Buffer.from(await drawScreen(size, [bytes])).toString()
const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i} é 漢字\r\n`).join('')

const colours = Array.from(
  { length: 3000 },
  (_, i) => `\x1b[3${i % 8}mcolour ${i}\x1b[39m plain\x1b[K\r\n`,
).join('')

describe('what plain text has pushed out of a terminal', () => {
  it.each([
    ['after a coloured prompt', `\x1b[1;32muser@box\x1b[0m:~$ \x1b[33mcat file\r\n${lines(9000)}$ `],
    ['after looks that add up', `\x1b[1m${colours}\x1b[4m${colours}\x1b[K${colours}end`],
    ['of looks that begin anew', `${colours}\x1b[0;7m${colours.repeat(3)}\x1b[m${lines(3000)}`],
    ['before half a sequence', `${colours.repeat(4)}\x1b[3`],
    ['inside a scroll region', `\x1b[5;20r\x1b[10;1Hhead${lines(9000)}tail`],
    ['in the alternate screen', `before\x1b[?1049h\x1b[31m${lines(9000)}end`],
  ])('is left out, and the screen is the same: %s', async (_, text) => {
    const whole = Buffer.from(text)
    const short = elide(whole)
    expect(short.length).toBeLessThan(whole.length / 4)
    expect(await drawn(short)).toBe(await drawn(whole))
  })

  it.each([
    ['too few lines', lines(1000)],
    ['a sequence near the end', `${lines(9000)}\x1b[H`],
    ['a control of two bytes near the end', `${lines(9000)}\u009bH`],
    ['line feeds that do not return', 'a\n'.repeat(9000)],
    ['one endless line', 'a'.repeat(100_000)],
  ])('stays where it matters: %s', (_, text) => {
    expect(elide(Buffer.from(text)).toString()).toBe(text)
  })
})
