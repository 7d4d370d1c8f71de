import { describe, expect, it } from 'vitest'
import { withoutControls } from './paste.js'

describe('pasted text', () => {
  it.each([
    ['echo a\x1b[201~\necho b', 'echo a[201~\necho b'],
    ['echo a\x9b201~\necho b', 'echo a201~\necho b'],
    ['\x03\x04\x7fls', 'ls'],
  ])('loses what could end a bracketed paste or be taken for a key: %j', (text, pasted) => {
    expect(withoutControls(text)).toBe(pasted)
  })

  it('keeps tabs, line ends and text of every language', () => {
    const text = 'if x:\r\n\tprint("é 中文 🙂 \u200d ไทย")\n'
    expect(withoutControls(text)).toBe(text)
  })
})
