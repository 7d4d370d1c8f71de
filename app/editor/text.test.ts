import { describe, expect, it } from 'vitest'
import { decodeText, lineBreakOf } from './text'

describe('the text of a file', () => {
  it('is none when it has a NUL or is not UTF-8: it could not be written back as it was', () => {
    expect(decodeText(Uint8Array.of(97, 0, 98))).toBeNull()
    expect(decodeText(Uint8Array.of(0x63, 0xe9))).toBeNull()
    expect(decodeText(new TextEncoder().encode('\ufeffé'))).toBe('\ufeffé')
  })

  it('ends its lines with CR LF only when all of them do', () => {
    expect(lineBreakOf('a\r\nb\r\n')).toBe('\r\n')
    expect(lineBreakOf('a\r\nb\n')).toBe('\n')
    expect(lineBreakOf('a\rb\r\n')).toBe('\n')
    expect(lineBreakOf('\n\r\n')).toBe('\n')
    expect(lineBreakOf('')).toBe('\n')
  })
})
