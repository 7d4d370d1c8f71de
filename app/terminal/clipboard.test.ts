import { describe, expect, it } from 'vitest'
import { copiedText, mostCopiedBytes } from './clipboard'

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64')

describe('what a program puts on the clipboard', () => {
  it.each([
    ['c', 'text'],
    ['', 'text'],
    ['pc', 'naïve 漢字 😀\n\tsecond line'],
  ])('is, to %j, the text %j', (selection, text) => {
    expect(copiedText(`${selection};${base64(text)}`)).toBe(text)
  })

  it('presses no keys where it is pasted', () => {
    expect(copiedText(`c;${base64('rm\x1b[201~\r\n\x03\u009b2J')}`)).toBe('rm[201~\r\n2J')
  })

  it.each([
    ['a question', 'c;?'],
    ['nothing', 'c;'],
    ['no base64', 'c;a*b'],
    ['another selection', `x;${base64('text')}`],
    ['no UTF-8', `c;${base64(Uint8Array.of(0xff, 0xfe))}`],
    ['too much', `c;${base64('x'.repeat(mostCopiedBytes + 3))}`],
  ])('is not %s', (_, payload) => {
    expect(copiedText(payload)).toBeNull()
  })
})
