import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { widthProvider } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { watch } from '../testing/watcher.js'
import { feed, freshTerminal } from './screen.js'

/** One digit for each code point: what `wcwidth` says, and 1 where that knows no width. Controls are no characters. */
const askLibrary = `
import ctypes, locale, sys
locale.setlocale(locale.LC_ALL, '')
libc = ctypes.CDLL(None)
libc.wcwidth.argtypes = [ctypes.c_wchar]
control = lambda c: c < 0x20 or 0x7f <= c < 0xa0 or 0xd800 <= c < 0xe000
width = lambda c: 1 if control(c) else libc.wcwidth(chr(c))
sys.stdout.write(''.join(str(abs(width(c))) for c in range(0x110000)))
`

const family = '👨‍👩‍👧‍👦'

describe('the width of characters', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let sandbox: string

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    sandbox = (await instance.claim()).id
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it("is what the image's C library counts, for every code point", async () => {
    const { stdout } = await instance.exec(sandbox, ['python3', '-c', askLibrary])
    const asked = stdout.toString()
    expect(asked).toHaveLength(0x110000)
    // `-u` writes the table anew.
    await expect(tableOf(asked)).toMatchFileSnapshot('../../protocol/api/width-table.ts')
    const { wcwidth } = widthProvider()
    const differing: string[] = []
    for (let codepoint = 0x20; codepoint < 0x110000; codepoint++) {
      if (codepoint >= 0x7f && codepoint < 0xa0) continue
      const width = wcwidth(codepoint)
      if (String(width) !== asked[codepoint]) differing.push(`U+${codepoint.toString(16)}: ${width}`)
    }
    expect(differing).toEqual([])
  })

  it.each([
    ['Thai with SARA AM', 'น้ำ', 2],
    ['an emoji family', family, 8],
    ['an emoji with a skin', '👍🏽', 4],
    ['a heart that is asked to be an emoji', '❤️', 1],
    ['a flag', '🇨🇭', 2],
    ['an accent of its own', 'e\u0301', 1],
    ['Hangul in parts', '\u1112\u1161\u11ab', 2],
    ['an accent in another colour than its letter', 'e\x1b[31m\u0301', 1],
  ])('of %s is the sum of its characters', async (_, text, columns) => {
    const terminal = await freshTerminal({ cols: 80, rows: 24 })
    await feed(terminal, text)
    expect(terminal.buffer.active.cursorX).toBe(columns)
    terminal.dispose()
  })

  it('leaves a line that is longer than the row whole while it is edited in bash', async () => {
    const created = await instance.call('POST', `/sandboxes/${sandbox}/terminals`, {
      command: ['/bin/bash', '--norc', '--noprofile'],
      env: { PS1: '$ ' },
    })
    const { id } = JSON.parse(created.text)
    const socket = `/run/cloche/${testInstance}/runtime.sock`
    using one = await watch(socket, `/sandboxes/${sandbox}/terminals/${id}/attach`, {
      ...{ drawing: true, answering: true },
    })
    one.resize(30, 10)
    const text = async () => {
      const { buffer } = await one.screen()
      const lines = Array.from({ length: 10 }, (_, row) =>
        buffer.active.getLine(row)?.translateToString(true),
      )
      return lines.join('')
    }
    const line = `echo ${family} น้ำ ${'abcde '.repeat(4)}${family} น้ำ tail`
    one.type(`PS1='> '; clear\n`)
    await expect.poll(text).toBe('> ')
    one.type(line)
    await expect.poll(text).toContain('tail')
    // To the begin, one character in, to the end, one away, and one more.
    one.type('\x01#\x05\x7fX')
    await expect.poll(text).toContain('taiX')
    expect((await text()).replaceAll(' ', '')).toBe(`>#${line.slice(0, -1)}X`.replaceAll(' ', ''))
  })
})

/** The module that holds the table. */
function tableOf(asked: string): string {
  const ranges = (digit: string) =>
    Array.from(asked.matchAll(new RegExp(`${digit}+`, 'g')), ({ index, 0: run }) =>
      [index, ...(run.length > 1 ? [index + run.length - 1] : [])].map((at) => at.toString(16)).join('-'),
    )
  const text = (digit: string) =>
    ranges(digit)
      .join(' ')
      .replace(/.{1,104}( |$)/g, (line) => `  ${line.trim()}\n`)
  return [
    "// What `wcwidth` of the sandbox's C library counts as no column and as two; all else is one. A test writes this:",
    '// `bin/test runtime/terminal/widths -u` after the image has another C library.',
    `export const zeroWidth = \`\n${text('0')}\``,
    `export const doubleWidth = \`\n${text('2')}\`\n`,
  ].join('\n')
}
